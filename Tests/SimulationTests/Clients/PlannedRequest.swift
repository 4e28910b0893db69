/// A request and what may be answered to it.
struct PlannedRequest {
    enum Kind {
        case prediction(model: String, request: Int, rows: Int, isSingle: Bool)
        /// One of these.
        case plain(Set<Int>)
        case upload(model: String, number: Int, Condition)
        /// A file that is no model, or too large.
        case badUpload(Set<Int>)
        case removal(model: String)
        /// Refused with one of these, and nothing after it is read.
        case malformed(Set<Int>)
        /// A gRPC call of the health service, over HTTP/2 only: one answer, or one at each change.
        case call(isWatch: Bool)
        /// Malformed so that, over HTTP/2, its stream is reset.
        case brokenStream
    }

    /// The same request for HTTP/2.
    struct Parts {
        let method: String
        let target: String
        /// Names in small letters.
        let fields: [(String, String)]
        let body: [UInt8]
    }

    enum Condition { case none, mustExist, mustNotExist }

    let kind: Kind
    let bytes: [UInt8]
    /// Where the body begins.
    let headBytes: Int
    var parts = Parts(method: "GET", target: "/", fields: [], body: [])
    var isHead = false
    /// Of HTTP/1.0, which knows no interim answers.
    var isHTTP10 = false
    /// The connection is to be closed after the answer.
    var closes = false
    var awaitsContinue = false
    var isChunked = false
    /// The answer may come before the body, whatever it is.
    var isAnsweredEarly = false

    // What has become of it.
    var firstStep = 0
    var firstTime: Int64 = 0
    /// When its last byte was sent.
    var sentTime: Int64?
    /// The place of its end in all that the client sends.
    var endOffset = 0

    var name: String {
        switch kind {
        case .prediction(let model, let request, let rows, _): "prediction \(request) by \(model) of \(rows) rows"
        case .plain(let statuses): "a request for \(statuses.sorted())"
        case .upload(let model, let number, _): "upload of model \(number) as \(model)"
        case .badUpload: "a bad upload"
        case .removal(let model): "removal of \(model)"
        case .call(let isWatch): isWatch ? "a watch" : "a check"
        case .brokenStream: "a broken stream"
        case .malformed(let statuses): "a malformed request for \(statuses.sorted())"
        }
    }
}
