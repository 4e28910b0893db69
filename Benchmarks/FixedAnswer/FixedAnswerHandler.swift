internal import HTTPCore

/// Answers every request alike, when its body has been read.
final class FixedAnswerHandler: RequestHandler {
    /// As long as a prediction's answer.
    private let answer =
        Array(#"{"predictions":[0.64328217],"probabilities":[{"0":0.35671783,"1":0.64328217}]}"#.utf8)
        + [UInt8](repeating: 0x20, count: 41) + [0x0A]

    func head(_ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink) -> BodyMode {
        .buffered(bytesMax: 64 << 10)
    }

    func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ sink: any ExchangeSink) {
        guard isEnd else { return }
        // A span borrows from what stands still: the property itself could change during the call.
        let answer = answer
        sink.respond(exchange, .ok, .json, body: answer.span)
    }

    func writable(_ exchange: ExchangeID, _ sink: any ExchangeSink) {}
    func expired(_ exchange: ExchangeID, _ sink: any ExchangeSink) {}
    func cancelled(_ exchange: ExchangeID) {}
    func endOfTick(_ sink: any ExchangeSink) {}
}
