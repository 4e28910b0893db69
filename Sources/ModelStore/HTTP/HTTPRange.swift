internal import Serving

extension HTTPRequest {
    /// Asks for some bytes of what lies at a URL (RFC 9110 14.2).
    init(url: String, from start: Int, byteCount: Int) {
        self.init(.get, url)
        fields = [("Range", "bytes=\(start)-\(start + byteCount - 1)")]
        bytesMax = byteCount
    }
}

extension HTTPResponse {
    /// The bytes that were asked for. A service that knows no ranges answers with the whole, which is the same only
    /// from the beginning on.
    func part(from start: Int, while operation: String, place: String) throws(StoreError) -> [UInt8] {
        guard status == 206 || start == 0 else {
            throw StoreError(
                .io, while: operation, detail: "the object store does not give parts of an object", path: place)
        }
        return body
    }
}
