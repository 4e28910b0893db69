/// What stands behind the wire. One instance a loop, called on that loop's thread only.
///
/// Each exchange gets `head`, then `body` at least once (the last with `isEnd`), unless its answer has ended before:
/// then nothing more comes for it. `cancelled` comes instead of what is missing, at most once, whenever an exchange
/// whose answer has not ended can no longer have one by the handler: the peer is gone, its framing was wrong, it was
/// too slow, or its body too long.
///
/// A handler may answer at once, inside these calls, later in `endOfTick`, or at any time from another thread through
/// the loop's mailbox. It must not keep the spans it is given.
package protocol RequestHandler: AnyObject {
    /// A request has begun.
    ///
    /// - Returns: how its body is to be delivered.
    func head(_ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink) -> BodyMode

    /// Bytes of the body; empty with `isEnd` where there are none (or no more).
    func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ sink: any ExchangeSink)

    /// There is room again after `send` returned false.
    func writable(_ exchange: ExchangeID, _ sink: any ExchangeSink)

    /// The time that was asked for by `expire` has passed, and the exchange's answer has not ended: answer now, or end
    /// the answer that has begun.
    func expired(_ exchange: ExchangeID, _ sink: any ExchangeSink)

    /// The exchange is over without an answer from here: drop what is queued for it.
    func cancelled(_ exchange: ExchangeID)

    /// The events of a wake-up have been delivered, but for those that are heard last; what is answered now goes out
    /// with them.
    func endOfTick(_ sink: any ExchangeSink)

    /// What the tick has answered has been sent, as far as it could be. The one place in which a handler may wait.
    func endOfTurn()

    /// The time that was asked for by `tidyLater` has come.
    func tidy(_ sink: any ExchangeSink)
}

extension RequestHandler {
    package func endOfTurn() {}

    package func tidy(_ sink: any ExchangeSink) {}
}
