package import Serving

/// A bucket of S3, of what speaks its protocol, or of Google's Cloud Storage by its XML interface, which is the same
/// but for two header fields and its token.
///
/// | | S3 | Cloud Storage |
/// |---|---|---|
/// | who asks | AWS signature, version 4 | `Authorization: Bearer` |
/// | create exclusively | `If-None-Match: *` | `x-goog-if-generation-match: 0` |
/// | taken | 412, or 409 while another one is under way | 412 |
package final class BucketClient: ObjectClient {
    /// Who the service is, and how it is asked.
    package enum Service: Sendable {
        case amazon(region: String, credentials: ExpiringValue<AWSCredentials>)
        /// nil: without a token, as emulators want it.
        case google(ExpiringValue<String>?)
    }

    package let place: String
    package let isWritable = true
    package let canList = true
    private let service: Service
    /// The bucket's URL, without a slash at the end.
    private let bucketURL: String
    private let bucket: String
    private let prefix: String
    private let http: ObjectHTTP
    /// Seconds for a small request.
    private static let timeout = Duration.seconds(20)
    /// Bytes a second that a big one may count on.
    private static let bytesPerSecond = 256 << 10
    private static let pagesMax = 64
    private static let pageBytesMax = 4 << 20

    /// - Parameters:
    ///   - endpoint: the URL of a service other than the cloud's own; nil for that.
    package init(
        _ service: Service, bucket: String, prefix: String, endpoint: String?, http: ObjectHTTP
    ) {
        self.service = service
        self.bucket = bucket
        self.prefix = prefix
        self.http = http
        switch service {
        case .amazon(let region, _):
            place = "s3://\(bucket)/\(prefix)"
            if let endpoint {
                bucketURL = "\(endpoint)/\(bucket)"
            } else {
                let domain = "s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
                // A dot in the bucket's name is one level too many for the certificate.
                bucketURL = bucket.contains(".") ? "https://\(domain)/\(bucket)" : "https://\(bucket).\(domain)"
            }
        case .google:
            place = "gs://\(bucket)/\(prefix)"
            bucketURL = "\(endpoint ?? "https://storage.googleapis.com")/\(bucket)"
        }
    }

    private func url(_ key: String) -> String { "\(bucketURL)/\(prefix)\(key)" }

    // MARK: Verbs

    package func close() { http.transport.close() }

    package func read(_ key: String, bytesMax: Int, while operation: String) throws(StoreError) -> [UInt8]? {
        let response = try send(while: operation, key) { () throws(StoreError) in
            var request = HTTPRequest(.get, url(key))
            request.bytesMax = bytesMax
            return request
        }.response
        if response.status == 404 { return nil }
        try check(response, while: operation, key)
        return response.body
    }

    package func download(_ key: String, bytesMax: Int, while operation: String) throws(StoreError) -> [UInt8]? {
        let sink = MemorySink(bytesMax: bytesMax)
        let response = try send(while: operation, key, into: sink) { () throws(StoreError) in
            sink.makeRequest(url(key))
        }.response
        if response.status == 404 { return nil }
        if !sink.isWhole(response) { try check(response, while: operation, key) }
        return sink.take()
    }

    package func part(
        _ key: String, from start: Int, byteCount: Int, while operation: String
    ) throws(StoreError) -> [UInt8]? {
        let response = try send(while: operation, key) { () throws(StoreError) in
            HTTPRequest(url: url(key), from: start, byteCount: byteCount)
        }.response
        if response.status == 404 { return nil }
        try check(response, while: operation, key)
        return try response.part(from: start, while: operation, place: place + key)
    }

    package func create(
        _ key: String, _ bytes: [UInt8], while operation: String
    ) throws(StoreError) -> ObjectCreation {
        let digest = ContentDigest(of: bytes)
        let (response, attempts) = try send(while: operation, key, digest: digest) { () throws(StoreError) in
            var request = HTTPRequest(.put, url(key))
            request.fields = [("Content-Type", "application/json")]
            switch service {
            case .amazon: request.fields.append(("If-None-Match", "*"))
            case .google: request.fields.append(("x-goog-if-generation-match", "0"))
            }
            request.body = .bytes(bytes)
            return request
        }
        if response.status == 412 { return .exists(isCertain: attempts == 1) }
        // Another writer is at it: whether it gets there is not known.
        if response.status == 409 { return .exists(isCertain: false) }
        try check(response, while: operation, key)
        return .created
    }

    package func write(_ key: String, _ bytes: [UInt8], while operation: String) throws(StoreError) {
        let response = try send(while: operation, key, digest: ContentDigest(of: bytes)) { () throws(StoreError) in
            var request = HTTPRequest(.put, url(key))
            request.fields = [("Content-Type", "application/json"), ("Cache-Control", "no-cache")]
            request.body = .bytes(bytes)
            return request
        }.response
        try check(response, while: operation, key)
    }

    package func upload(
        _ key: String, from source: any BodySource, digest: ContentDigest, while operation: String
    ) throws(StoreError) {
        let response = try send(while: operation, key, digest: digest) { () throws(StoreError) in
            try source.rewind()
            var request = HTTPRequest(.put, url(key))
            request.fields = [("Content-Type", "application/octet-stream")]
            request.body = .source(source)
            request.timeout = Self.timeout + .seconds(source.byteCount / Self.bytesPerSecond)
            return request
        }.response
        try check(response, while: operation, key)
    }

    package func copy(_ key: String, to newKey: String, while operation: String) throws(StoreError) -> Bool {
        let response = try send(while: operation, key) { () throws(StoreError) in
            var request = HTTPRequest(.put, url(newKey))
            switch service {
            case .amazon: request.fields = [("x-amz-copy-source", "/\(bucket)/\(prefix)\(key)")]
            case .google: request.fields = [("x-goog-copy-source", "/\(bucket)/\(prefix)\(key)")]
            }
            return request
        }.response
        if response.status == 404 { return false }
        try check(response, while: operation, key)
        // S3 begins its answer before it is done, and tells of a failure after a 200.
        guard BucketListing.element("ETag", in: String(decoding: response.body, as: UTF8.self)[...]) != nil else {
            throw StoreError(
                .io, while: operation, detail: "the object store has not copied an object",
                errorName: Self.code(of: response), path: place + key)
        }
        return true
    }

    package func list(_ folder: String, while operation: String) throws(StoreError) -> ObjectList {
        var entries: [ObjectEntry] = []
        var time: Int64?
        var continuation: String?
        for _ in 0..<Self.pagesMax {
            // In ascending order and escaped, as the signature has them.
            var query = ""
            if let continuation { query += "continuation-token=\(PercentCoding.encode(continuation))&" }
            query += "list-type=2&prefix=\(PercentCoding.encode(prefix + folder))"
            let response = try send(while: operation, folder) { () throws(StoreError) in
                // A slash before the query: the canonical path of a bucket that is named by its host.
                var request = HTTPRequest(.get, "\(bucketURL)/?\(query)")
                request.bytesMax = Self.pageBytesMax
                return request
            }.response
            try check(response, while: operation, folder)
            // The first page's: what is told later is younger than it seems, and never older.
            time = time ?? response.field("date").flatMap { ServiceDate.seconds($0) }
            guard let page = BucketListing(response.body) else {
                throw StoreError(
                    .io, while: operation, detail: "the object store's list cannot be read", path: place + folder)
            }
            for entry in page.entries where entry.key.hasPrefix(prefix) {
                entries.append(
                    ObjectEntry(
                        key: String(entry.key.dropFirst(prefix.count)), byteCount: entry.byteCount,
                        modifiedAt: entry.modifiedAt))
            }
            guard let next = page.continuation else { return ObjectList(entries: entries, time: time) }
            continuation = next
        }
        throw StoreError(
            .limit, while: operation, detail: "the object store's list is longer than \(Self.pagesMax) pages",
            path: place + folder)
    }

    package func status(_ key: String, while operation: String) throws(StoreError) -> ObjectEntry? {
        try list(key, while: operation).entries.first { $0.key == key }
    }

    package func remove(_ key: String, while operation: String) throws(StoreError) {
        let response = try send(while: operation, key) { () throws(StoreError) in
            HTTPRequest(.delete, url(key))
        }.response
        if response.status != 404 { try check(response, while: operation, key) }
    }

    // MARK: Asking

    /// Sends a request with its credentials; once more with others if the service does not take them any more.
    private func send(
        while operation: String, _ key: String, digest: ContentDigest? = nil, into sink: (any ResumableSink)? = nil,
        _ make: () throws(StoreError) -> HTTPRequest
    ) throws(StoreError) -> (response: HTTPResponse, attempts: Int) {
        func sendOnce() throws(StoreError) -> (response: HTTPResponse, attempts: Int) {
            try http.send(while: operation, place: place + key, into: sink) { () throws(StoreError) in
                var request = try make()
                request.timeout = max(request.timeout, Self.timeout)
                try authorize(&request, digest)
                return request
            }
        }
        let (response, attempts) = try sendOnce()
        guard hasStaleCredentials(response) else { return (response, attempts) }
        switch service {
        case .amazon(_, let credentials): credentials.forget()
        case .google(let token): token?.forget()
        }
        let again = try sendOnce()
        return (again.response, attempts + again.attempts)
    }

    private func authorize(_ request: inout HTTPRequest, _ digest: ContentDigest?) throws(StoreError) {
        switch service {
        case .amazon(let region, let credentials):
            let key = try credentials.current()
            request.fields.append(("x-amz-content-sha256", (digest ?? Self.nothing).hex))
            if let token = key.sessionToken { request.fields.append(("x-amz-security-token", token)) }
            request.signing = HTTPRequest.Signing(key: key, region: region, service: "s3")
        case .google(let token):
            guard let token else { return }
            request.fields.append(("Authorization", "Bearer \(try token.current())"))
        }
    }

    private static let nothing = ContentDigest(of: [])

    private func hasStaleCredentials(_ response: HTTPResponse) -> Bool {
        switch (service, response.status) {
        case (.google, 401): true
        case (.amazon, 400), (.amazon, 401), (.amazon, 403):
            ["ExpiredToken", "ExpiredTokenException", "InvalidToken", "InvalidAccessKeyId", "TokenRefreshRequired"]
                .contains(Self.code(of: response) ?? "")
        default: false
        }
    }

    /// The service's name for what is wrong, such as `AccessDenied`.
    private static func code(of response: HTTPResponse) -> String? {
        let text = String(decoding: response.body, as: UTF8.self)
        guard let code = BucketListing.element("Code", in: text[...]), code.utf8.count <= 64,
            code.utf8.allSatisfy({ StoreLocation.isPlain($0) })
        else { return nil }
        return code
    }

    /// - Throws: for a status that is no success.
    private func check(_ response: HTTPResponse, while operation: String, _ key: String) throws(StoreError) {
        guard !response.isSuccess else { return }
        let code = Self.code(of: response)
        let (kind, detail): (StoreError.Kind, String) =
            switch (response.status, code) {
            case (_, "NoSuchBucket"?): (.missing, "there is no such bucket")
            case (300..<400, _), (400, "AuthorizationHeaderMalformed"?), (400, "IllegalLocationConstraintException"?):
                (
                    .io,
                    response.field("x-amz-bucket-region").map { region in
                        "the bucket is in the region \(region.prefix(32)); set VENCEJO_S3_REGION or AWS_REGION"
                    } ?? "the object store sends to another place, which is not followed"
                )
            case (401, _), (403, _): (.permission, "the object store does not allow it")
            case (404, _): (.missing, "it is not in the model store")
            case (507, _): (.full, "the object store is full")
            case (let status, _) where ObjectHTTP.isPassing(status):
                (.unreachable, "the object store answers \(status)")
            default: (.io, "the object store answers \(response.status)")
            }
        throw StoreError(kind, while: operation, detail: detail, errorName: code, path: place + key)
    }
}
