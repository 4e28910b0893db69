/// How a handler wants a request's body, chosen when it has seen the head.
package enum BodyMode: Sendable {
    /// One `body` event with all of it, contiguous. A longer one is answered 413 and `cancelled` is called.
    case buffered(bytesMax: Int)
    /// Many `body` events as bytes arrive. Reading stops while `windowBytes` are delivered and not yet `consumed`.
    /// Without `isPaced` it may come as slowly as its sender likes, such as the messages of a call.
    case streamed(windowBytes: Int, isPaced: Bool = true)
    /// The final answer, given without the body (and without 100 Continue). A small body is read and thrown away;
    /// otherwise the connection is closed after the answer. No further event comes for this exchange.
    case answered(HTTPStatus, ResponseFields, [UInt8])
}
