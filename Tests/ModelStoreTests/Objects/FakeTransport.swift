import ModelStore
import Synchronization

/// Answers requests by a function, and keeps them.
final class FakeTransport: HTTPTransport {
    private let requests = Mutex<[HTTPRequest]>([])
    private let answers: @Sendable (HTTPRequest, Int) throws(HTTPFailure) -> HTTPResponse

    /// - Parameter answers: to the request of that number, from 0.
    init(_ answers: @escaping @Sendable (HTTPRequest, Int) throws(HTTPFailure) -> HTTPResponse) {
        self.answers = answers
    }

    func perform(_ request: HTTPRequest, into sink: (any BodySink)?) throws(HTTPFailure) -> HTTPResponse {
        let number = requests.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
        let response = try answers(request, number)
        guard let sink, response.isSuccess else { return response }
        do {
            try sink.begin(status: response.status, byteCount: response.body.count)
            try sink.append(response.body)
        } catch {
            throw HTTPFailure(.local, "\(error)")
        }
        // A body that says so is cut behind its last byte.
        if response.field("x-cut") != nil { throw HTTPFailure(.unreachable, "cut") }
        return HTTPResponse(status: response.status, fields: response.fields)
    }

    func close() {}

    var sent: [HTTPRequest] { requests.withLock { $0 } }
}

extension HTTPRequest {
    func field(_ name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }

    var bodyText: String {
        guard case .bytes(let bytes) = body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension HTTPResponse {
    static func ok(_ text: String) -> HTTPResponse { HTTPResponse(status: 200, body: Array(text.utf8)) }
}
