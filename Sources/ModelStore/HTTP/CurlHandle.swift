internal import CCurl
internal import Serving

/// One of libcurl's handles with its connections. Used by one thread at a time.
@safe final class CurlHandle: Sendable {
    // Written once, and used by whoever holds the handle alone.
    nonisolated(unsafe) private let handle: UnsafeMutableRawPointer

    /// nil without memory.
    init?() {
        guard let handle = unsafe vencejo_curl_open() else { return nil }
        unsafe self.handle = handle
    }

    deinit { unsafe vencejo_curl_close(handle) }

    func perform(
        _ request: HTTPRequest, _ settings: CurlTransport.Settings, _ sink: (any BodySink)?,
        isStopped: @escaping @Sendable () -> Bool
    ) throws(HTTPFailure) -> HTTPResponse {
        unsafe vencejo_curl_reset(handle)
        let transfer = CurlTransfer(request, sink, isStopped: isStopped)
        let fields = try CurlLines(Self.fieldLines(of: request))
        try setUp(request, settings, fields)
        return try withExtendedLifetime((transfer, fields)) { () throws(HTTPFailure) -> HTTPResponse in
            var callbacks = unsafe CurlTransfer.callbacks(of: transfer, allowsLinkLocal: request.allowsLinkLocal)
            guard unsafe vencejo_curl_set_callbacks(handle, &callbacks) == 0 else {
                throw HTTPFailure(.local, "libcurl does not take its callbacks")
            }
            let code = unsafe vencejo_curl_perform(handle)
            let status = Int(unsafe vencejo_curl_status(handle))
            // Nothing of this call is to be found in the handle afterwards.
            unsafe vencejo_curl_reset(handle)
            guard code == Int32(VENCEJO_CURL_OK) else {
                throw unsafe transfer.failure(code, hasRefused: callbacks.has_refused != 0)
            }
            return transfer.response(status: status)
        }
    }

    private static func fieldLines(of request: HTTPRequest) -> [String] {
        // Without a value libcurl leaves its own field out: no wait for "100 Continue", no guess at a type.
        var lines = ["Expect:", "Content-Type:", "User-Agent: vencejo"]
        if request.fields.contains(where: { $0.name == "Content-Type" }) { lines.remove(at: 1) }
        for field in request.fields { lines.append("\(field.name): \(field.value)") }
        return lines
    }

    private func setUp(
        _ request: HTTPRequest, _ settings: CurlTransport.Settings, _ fields: CurlLines
    ) throws(HTTPFailure) {
        try text(VENCEJO_CURL_URL, request.url)
        try number(VENCEJO_CURL_NO_SIGNAL, 1)
        try number(VENCEJO_CURL_FOLLOW_LOCATION, 0)
        try number(VENCEJO_CURL_VERIFY_PEER, 1)
        try number(VENCEJO_CURL_VERIFY_HOST, 2)
        let protocols = Int(VENCEJO_CURL_HTTP | VENCEJO_CURL_HTTPS)
        try number(VENCEJO_CURL_PROTOCOLS, protocols)
        try number(VENCEJO_CURL_HTTP_VERSION, Int(VENCEJO_CURL_HTTP_1_1))
        try number(VENCEJO_CURL_CONNECT_TIMEOUT_MS, settings.connectTimeout.wholeMilliseconds)
        try number(VENCEJO_CURL_TIMEOUT_MS, request.timeout.wholeMilliseconds)
        try number(VENCEJO_CURL_LOW_SPEED_LIMIT, settings.bytesPerSecondMin)
        try number(VENCEJO_CURL_LOW_SPEED_TIME, settings.slowSeconds)
        // Empty stands for none, whatever the environment says. The clouds' services on this host are asked directly.
        try text(VENCEJO_CURL_PROXY, request.allowsLinkLocal ? "" : settings.proxy ?? "")
        if let file = settings.certificatesFile { try text(VENCEJO_CURL_CA_FILE, file) }
        try check(unsafe vencejo_curl_set_list(handle, Int32(VENCEJO_CURL_HEADERS), fields.list))
        if let signing = request.signing {
            try text(VENCEJO_CURL_AWS_SIGV4, "aws:amz:\(signing.region):\(signing.service)")
            try text(VENCEJO_CURL_USERPWD, "\(signing.key.accessKey):\(signing.key.secretKey)")
        }
        try setUpMethod(request)
    }

    private func setUpMethod(_ request: HTTPRequest) throws(HTTPFailure) {
        switch request.method {
        case .get: try number(VENCEJO_CURL_HTTP_GET, 1)
        case .head: try number(VENCEJO_CURL_NO_BODY, 1)
        case .delete:
            try number(VENCEJO_CURL_HTTP_GET, 1)
            try text(VENCEJO_CURL_CUSTOM_REQUEST, "DELETE")
        case .put, .post:
            try number(VENCEJO_CURL_UPLOAD, 1)
            if request.method == .post { try text(VENCEJO_CURL_CUSTOM_REQUEST, "POST") }
            let option = Int32(VENCEJO_CURL_UPLOAD_BYTES)
            try check(unsafe vencejo_curl_set_size(handle, option, Int64(request.body.byteCount)))
        }
    }

    // MARK: Options

    private func number(_ option: Int, _ value: Int) throws(HTTPFailure) {
        try check(unsafe vencejo_curl_set_number(handle, Int32(option), value))
    }

    private func text(_ option: Int, _ value: String) throws(HTTPFailure) {
        try check(unsafe vencejo_curl_set_text(handle, Int32(option), value))
    }

    private func check(_ code: Int32) throws(HTTPFailure) {
        guard code == 0 else {
            throw HTTPFailure(.local, "libcurl refuses an option: \(unsafe String(cString: vencejo_curl_text(code)))")
        }
    }
}
