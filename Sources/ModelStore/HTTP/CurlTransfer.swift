internal import CCurl
internal import Serving

/// What libcurl's callbacks give and take during one request. Lives on the thread that performs it.
final class CurlTransfer {
    private let request: HTTPRequest
    private let sink: (any BodySink)?
    private var fields: [(name: String, value: String)] = []
    private var fieldBytes = 0
    private var status = 0
    private var body: [UInt8] = []
    private var bytesReceived = 0
    private var bytesSent = 0
    /// Why a callback ended the transfer.
    private var own: HTTPFailure?
    /// Whether the server stops.
    private let isStopped: @Sendable () -> Bool

    /// Bytes of an answer's head.
    private static let fieldBytesMax = 64 << 10
    /// Bytes of a refusal's body, which is shown in part.
    private static let refusalBytesMax = 16 << 10

    init(_ request: HTTPRequest, _ sink: (any BodySink)?, isStopped: @escaping @Sendable () -> Bool) {
        self.isStopped = isStopped
        self.request = request
        self.sink = sink
    }

    /// The functions that libcurl calls with this transfer, which has to outlive their use.
    static func callbacks(of transfer: CurlTransfer, allowsLinkLocal: Bool) -> vencejo_curl_callbacks {
        unsafe vencejo_curl_callbacks(
            context: Unmanaged.passUnretained(transfer).toOpaque(),
            body: { context, bytes, count in
                let bytes = unsafe UnsafeBufferPointer(start: bytes, count: count)
                return unsafe CurlTransfer.of(context)?.takeBody(Array(bytes)) == true ? count : 0
            },
            header: { context, bytes, count in
                let bytes = unsafe UnsafeBufferPointer(start: bytes, count: count)
                return unsafe CurlTransfer.of(context)?.takeLine(Array(bytes)) == true ? count : 0
            },
            read: { context, bytes, count in
                guard let given = unsafe CurlTransfer.of(context)?.giveBody(count) else { return -1 }
                _ = unsafe UnsafeMutableBufferPointer(start: bytes, count: count).update(fromContentsOf: given)
                return given.count
            },
            rewind: { context in unsafe CurlTransfer.of(context)?.rewind() == true ? 0 : -1 },
            is_stopped: { context in unsafe CurlTransfer.of(context)?.isStopped() == true ? 1 : 0 },
            allows_link_local: allowsLinkLocal ? 1 : 0, has_refused: 0)
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
        unsafe context.map { unsafe Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: Receiving

    private func takeLine(_ bytes: [UInt8]) -> Bool {
        fieldBytes += bytes.count
        guard fieldBytes <= Self.fieldBytesMax else {
            own = HTTPFailure(.tooLarge, "the answer's head is larger than \(Self.fieldBytesMax) bytes")
            return false
        }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // A new head: what came before was an interim answer.
            fields = []
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
            return true
        }
        guard let colon = line.firstIndex(of: ":") else { return true }
        fields.append(
            (name: line[..<colon].lowercased(), value: line[line.index(after: colon)...].trimmingSpaces()))
        return true
    }

    private func takeBody(_ bytes: [UInt8]) -> Bool {
        let isSuccess = (200..<300).contains(status)
        let isFirst = bytesReceived == 0
        bytesReceived += bytes.count
        guard isSuccess else {
            body += bytes.prefix(max(0, Self.refusalBytesMax - body.count))
            return bytesReceived <= 1 << 20
        }
        guard bytesReceived <= request.bytesMax else {
            own = HTTPFailure(.tooLarge, "the answer is larger than \(request.bytesMax) bytes")
            return false
        }
        guard let sink else {
            body += bytes
            return true
        }
        do throws(StoreError) {
            if isFirst {
                let announced = fields.first { $0.name == "content-length" }.flatMap { Int($0.value) }
                try sink.begin(status: status, byteCount: announced)
            }
            try sink.append(bytes)
            return true
        } catch {
            own = HTTPFailure(.local, "\(error)")
            return false
        }
    }

    // MARK: Sending

    private func giveBody(_ count: Int) -> [UInt8]? {
        switch request.body {
        case .none: return []
        case .bytes(let bytes):
            let given = Array(bytes[bytesSent..<min(bytes.count, bytesSent + count)])
            bytesSent += given.count
            return given
        case .source(let source):
            do throws(StoreError) {
                return try source.next(byteCount: count)
            } catch {
                own = HTTPFailure(.local, "\(error)")
                return nil
            }
        }
    }

    private func rewind() -> Bool {
        bytesSent = 0
        guard case .source(let source) = request.body else { return true }
        return (try? source.rewind()) != nil
    }

    // MARK: The end

    func response(status: Int) -> HTTPResponse { HTTPResponse(status: status, fields: fields, body: body) }

    func failure(_ code: Int32, hasRefused: Bool) -> HTTPFailure {
        if let own { return own }
        let text = unsafe String(cString: vencejo_curl_text(code))
        if hasRefused {
            return HTTPFailure(.refusedAddress, "the host's address is one that only this machine reaches")
        }
        switch Int(code) {
        case VENCEJO_CURL_ABORTED: return HTTPFailure(.stopped, "the server is stopping")
        case VENCEJO_CURL_TIMED_OUT: return HTTPFailure(.timeout, text)
        case VENCEJO_CURL_NOT_TRUSTED, VENCEJO_CURL_NO_CA_FILE: return HTTPFailure(.notTrusted, text)
        case VENCEJO_CURL_NO_HOST, VENCEJO_CURL_NO_CONNECTION, VENCEJO_CURL_CUT, VENCEJO_CURL_TLS_FAILED,
            VENCEJO_CURL_EMPTY_ANSWER, VENCEJO_CURL_SEND_FAILED, VENCEJO_CURL_RECEIVE_FAILED:
            return HTTPFailure(.unreachable, text)
        default: return HTTPFailure(.local, text)
        }
    }
}

extension HTTPRequest.Body {
    var byteCount: Int {
        switch self {
        case .none: 0
        case .bytes(let bytes): bytes.count
        case .source(let source): source.byteCount
        }
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    func trimmingSpaces() -> String {
        var text = Substring(self)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

extension Duration {
    var wholeMilliseconds: Int {
        let parts = components
        return Int(clamping: parts.seconds) * 1000 + Int(parts.attoseconds / 1_000_000_000_000_000)
    }
}
