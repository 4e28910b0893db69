/// Where a model store is, as `--store` names it.
package enum StoreLocation: Sendable, Hashable {
    case directory(String)
    /// `s3://bucket/prefix`; a prefix is empty or ends with a slash.
    case amazon(bucket: String, prefix: String)
    /// `gs://bucket/prefix`.
    case google(bucket: String, prefix: String)
    /// `https://host/path`, ending with a slash: to be read alone.
    case web(String)

    /// Why a text is no place of a store.
    package struct Malformed: Error, Sendable, Hashable {
        package let found: String
        package let expected: String
    }

    package init(_ text: String) throws(Malformed) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            try Self.checkDirectory(text)
            self = .directory(text)
            return
        }
        let scheme = text[..<colon]
        let rest = text[colon...].dropFirst(3)
        switch scheme {
        case "s3", "gs":
            let (bucket, prefix) = try Self.split(String(rest), text)
            self = scheme == "s3" ? .amazon(bucket: bucket, prefix: prefix) : .google(bucket: bucket, prefix: prefix)
        case "https", "http":
            guard scheme == "https" || Self.isLoopback(text) else {
                throw Malformed(
                    found: "\"\(Self.withoutUser(text))\"",
                    expected: "https: without it, anybody on the way could change the models")
            }
            let host = rest.prefix { $0 != "/" }
            guard !host.isEmpty, host.utf8.allSatisfy({ Self.isPlain($0) || "[]:".utf8.contains($0) }),
                Self.isPath(rest.dropFirst(host.count))
            else {
                throw Malformed(
                    found: "\"\(Self.withoutUser(text))\"",
                    expected: "a host and a path of letters, digits, \"-._~\" and slashes")
            }
            self = .web(text.hasSuffix("/") ? text : text + "/")
        default:
            throw Malformed(
                found: "\"\(scheme)://\"", expected: "a directory, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or https://")
        }
    }

    /// What is meant for a server or a bucket is no folder's name: a folder of that name would be made.
    private static func checkDirectory(_ text: String) throws(Malformed) {
        let kinds = "a directory, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or https://HOST/PATH"
        guard !text.isEmpty else { throw Malformed(found: "nothing", expected: kinds) }
        let first = text.prefix { $0 != "/" }
        guard let colon = first.firstIndex(of: ":") else { return }
        let (name, rest) = (first[..<colon], first[colon...].dropFirst())
        let isPort = !name.isEmpty && !rest.isEmpty && rest.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if isPort {
            throw Malformed(
                found: "\"\(text)\"", expected: "http://\(text) for a server, or ./\(text) for a folder of that name")
        }
        if ["s3", "gs", "http", "https"].contains(name) {
            throw Malformed(found: "\"\(text)\"", expected: "\(name)://, or ./\(text) for a folder of that name")
        }
    }

    private static func split(_ rest: String, _ text: String) throws(Malformed) -> (bucket: String, prefix: String) {
        let bucket = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(bucket.count)
        guard (3...222).contains(bucket.utf8.count), bucket.first != ".", bucket.last != ".",
            bucket.utf8.allSatisfy({ isLowerCaseNameByte($0) }), isPath(path)
        else {
            throw Malformed(
                found: "\"\(Self.withoutUser(text))\"",
                expected: "a bucket's name, and a prefix of letters, digits, \"-._~\" and slashes")
        }
        let prefix = path.split(separator: "/").joined(separator: "/")
        return (String(bucket), prefix.isEmpty ? "" : prefix + "/")
    }

    /// Nothing that would have to be escaped, so that no two ways of writing it differ, and no way up.
    private static func isPath(_ path: Substring) -> Bool {
        path.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "/") }
            && path.split(separator: "/").allSatisfy { $0 != "." && $0 != ".." }
    }

    /// RFC 3986 2.3: unreserved.
    static func isPlain(_ byte: UInt8) -> Bool {
        isLowerCaseNameByte(byte) || (0x41...0x5a).contains(byte) || byte == UInt8(ascii: "~")
    }

    private static func isLowerCaseNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Whether a URL without TLS stays on this host.
    static func isLoopback(_ url: String) -> Bool {
        ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { isURL(url, of: $0) }
    }

    /// Whether a URL begins with a scheme and host, and perhaps a port, and with nothing that would make another host
    /// of it, such as what stands before an `@`.
    static func isURL(_ url: String, of host: String) -> Bool {
        guard url.hasPrefix(host) else { return false }
        var rest = url.dropFirst(host.count)
        if rest.first == ":" { rest = rest.dropFirst().drop { $0.isASCII && $0.isNumber } }
        return rest.isEmpty || rest.first == "/"
    }

    /// A URL without a user and a password, to be shown.
    package static func withoutUser(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return url }
        return url[..<scheme.upperBound] + "..." + url[at...]
    }

    /// Whether it is somewhere that several instances may share.
    package var isRemote: Bool {
        if case .directory = self { return false }
        return true
    }
}
