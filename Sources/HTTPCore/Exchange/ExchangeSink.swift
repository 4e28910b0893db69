/// Where a handler puts its answers. On the loop's thread only; elsewhere see the loop's mailbox.
///
/// Each call for an exchange that is over, or never was, does nothing. Fields of an answer's framing are added by the
/// connection.
package protocol ExchangeSink: AnyObject {
    /// Answers at once and whole. The body is copied; for HEAD only its length is used.
    func respond(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, body: Span<UInt8>)

    /// Begins an answer that `send` continues and `end` ends.
    ///
    /// `bodyBytes` is the length that will be sent, exactly; `nil` where it is not known.
    func start(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, bodyBytes: Int?)

    /// Sends bytes of a begun answer; they are taken in any case.
    ///
    /// - Returns: false where more waits than the peer reads: send no more before `writable`.
    func send(_ exchange: ExchangeID, _ bytes: Span<UInt8>) -> Bool

    /// Ends a begun answer. Fewer bytes than promised break the connection, since that is how the client learns.
    func end(_ exchange: ExchangeID, trailers: ResponseFields?)

    /// Gives back credit for bytes of a streamed body.
    func consumed(_ exchange: ExchangeID, bytes: Int)

    /// Asks for `expired` when `duration` has passed, unless the exchange is over by then. Each call asks once; up to
    /// 67 ms late, never early.
    func expire(_ exchange: ExchangeID, after duration: Duration)

    /// The answer is slow to make: what the exchange's connection sends next is heard behind what the others send.
    func hearLast(_ exchange: ExchangeID)

    /// Asks for `tidy` a second after the last time that it was asked for.
    func tidyLater()
}
