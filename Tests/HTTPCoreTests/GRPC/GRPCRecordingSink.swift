import HTTPCore
import Testing

/// Keeps what is answered, and holds calls to the order of the contract.
final class GRPCRecordingSink: ExchangeSink {
    struct Answer {
        var fields: ResponseFields?
        var body: [UInt8] = []
        var trailers: ResponseFields?
        var isOver = false
        /// Trailers without anything before them.
        var isTrailersOnly = false
    }

    var answers: [ExchangeID: Answer] = [:]
    var consumed: [ExchangeID: Int] = [:]
    var deadlines: [ExchangeID: [Duration]] = [:]
    /// What `send` answers.
    var hasRoom = true

    func respond(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, body: Span<UInt8>) {
        #expect(answers[exchange] == nil, "an exchange is answered once")
        #expect(status == .ok)
        let bodyBytes = body.count
        #expect(bodyBytes == 0)
        answers[exchange] = Answer(fields: fields, trailers: fields, isOver: true, isTrailersOnly: true)
    }

    func start(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, bodyBytes: Int?) {
        #expect(answers[exchange] == nil, "an exchange is answered once")
        #expect(status == .ok)
        #expect(bodyBytes == nil)
        answers[exchange] = Answer(fields: fields)
    }

    func send(_ exchange: ExchangeID, _ bytes: Span<UInt8>) -> Bool {
        #expect(answers[exchange]?.isOver == false, "nothing is sent before or after an answer")
        for index in 0..<bytes.count { answers[exchange]?.body.append(bytes[index]) }
        return hasRoom
    }

    func end(_ exchange: ExchangeID, trailers: ResponseFields?) {
        #expect(answers[exchange]?.isOver == false, "an answer ends once")
        answers[exchange]?.isOver = true
        answers[exchange]?.trailers = trailers
    }

    func consumed(_ exchange: ExchangeID, bytes: Int) {
        #expect(bytes > 0)
        consumed[exchange, default: 0] += bytes
    }

    func expire(_ exchange: ExchangeID, after duration: Duration) {
        deadlines[exchange, default: []].append(duration)
    }

    func hearLast(_ exchange: ExchangeID) {}
    func tidyLater() {}
}
