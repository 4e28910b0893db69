internal import CCurl

/// A list of header lines as libcurl keeps it.
@safe final class CurlLines {
    private(set) var list: UnsafeMutableRawPointer?

    /// - Throws: `HTTPFailure` without memory, and for a line that would be two.
    init(_ lines: [String]) throws(HTTPFailure) {
        for line in lines {
            guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw HTTPFailure(.local, "a header field holds a control byte")
            }
            guard let longer = unsafe vencejo_curl_append(list, line) else {
                throw HTTPFailure(.local, "libcurl has no memory")
            }
            unsafe list = longer
        }
    }

    deinit { unsafe vencejo_curl_free(list) }
}
