package import Serving

/// A store behind any web server, to be read alone: the directory of a `FileModelStore`, say, or a bucket that is
/// public. It has no lists; the store's hint tells where to begin.
package final class WebClient: ObjectClient {
    package let place: String
    package let isWritable = false
    package let canList = false
    private let http: ObjectHTTP
    private let token: String?

    /// - Parameters:
    ///   - url: ends with a slash.
    ///   - token: sent as `Authorization: Bearer`; nil for none.
    package init(_ url: String, token: String?, http: ObjectHTTP) {
        place = url
        self.token = token
        self.http = http
    }

    package func close() { http.transport.close() }

    package func read(_ key: String, bytesMax: Int, while operation: String) throws(StoreError) -> [UInt8]? {
        let response = try http.send(while: operation, place: place + key) { () throws(StoreError) in
            var request = HTTPRequest(.get, place + key)
            // A cache on the way may not have heard of what has come since; manifests and hints are small.
            request.fields = [("Cache-Control", "no-cache")]
            request.bytesMax = bytesMax
            return authorized(request)
        }.response
        return try isThere(response, while: operation, key) ? response.body : nil
    }

    package func download(_ key: String, bytesMax: Int, while operation: String) throws(StoreError) -> [UInt8]? {
        let sink = MemorySink(bytesMax: bytesMax)
        let response = try http.send(while: operation, place: place + key, into: sink) { () throws(StoreError) in
            authorized(sink.makeRequest(place + key))
        }.response
        if sink.isWhole(response) { return sink.take() }
        return try isThere(response, while: operation, key) ? sink.take() : nil
    }

    package func part(
        _ key: String, from start: Int, byteCount: Int, while operation: String
    ) throws(StoreError) -> [UInt8]? {
        let response = try http.send(while: operation, place: place + key) { () throws(StoreError) in
            authorized(HTTPRequest(url: place + key, from: start, byteCount: byteCount))
        }.response
        guard try isThere(response, while: operation, key) else { return nil }
        return try response.part(from: start, while: operation, place: place + key)
    }

    private func authorized(_ request: HTTPRequest) -> HTTPRequest {
        guard let token else { return request }
        var request = request
        request.fields.append(("Authorization", "Bearer \(token)"))
        return request
    }

    private func isThere(_ response: HTTPResponse, while operation: String, _ key: String) throws(StoreError) -> Bool {
        switch response.status {
        case 200..<300: return true
        case 404, 410: return false
        case 300..<400:
            throw StoreError(
                .io, while: operation, detail: "the store sends to another place, which is not followed",
                path: place + key)
        case 401, 403:
            throw StoreError(.permission, while: operation, detail: "the store does not allow it", path: place + key)
        case let status:
            throw StoreError(
                ObjectHTTP.isPassing(status) ? .unreachable : .io, while: operation,
                detail: "the store answers \(status)", path: place + key)
        }
    }

    // MARK: What it does not do

    package func create(
        _ key: String, _ bytes: [UInt8], while operation: String
    ) throws(StoreError) -> ObjectCreation {
        throw readOnly(operation)
    }

    package func write(_ key: String, _ bytes: [UInt8], while operation: String) throws(StoreError) {
        throw readOnly(operation)
    }

    package func upload(
        _ key: String, from source: any BodySource, digest: ContentDigest, while operation: String
    ) throws(StoreError) {
        throw readOnly(operation)
    }

    package func copy(_ key: String, to newKey: String, while operation: String) throws(StoreError) -> Bool {
        throw readOnly(operation)
    }

    package func list(_ folder: String, while operation: String) throws(StoreError) -> ObjectList {
        throw readOnly(operation)
    }

    package func status(_ key: String, while operation: String) throws(StoreError) -> ObjectEntry? {
        throw readOnly(operation)
    }

    package func remove(_ key: String, while operation: String) throws(StoreError) {
        throw readOnly(operation)
    }

    private func readOnly(_ operation: String) -> StoreError {
        StoreError(.readOnly, while: operation, detail: "a store at https:// can only be read")
    }
}
