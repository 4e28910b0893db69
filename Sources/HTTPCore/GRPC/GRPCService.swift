/// What answers the calls of one service. One instance a loop, called on that loop's thread only.
///
/// Each call gets `started`, then `message` for each of the client's messages, then `halfClosed`; a method with one
/// request gets its `message` only once it is known that no second one follows, directly before `halfClosed`. After the
/// service has finished the call nothing more comes for it. `ended` comes at most once, when the call is over and the
/// service has not finished it.
///
/// A call is lent for the event only. To answer later, keep its exchange and ask the dispatcher for it again, in
/// `endOfTick` at the latest.
package protocol GRPCService: AnyObject {
    /// With its package, such as `grpc.health.v1.Health`.
    var name: String { get }

    /// Its methods; a call's `method` is the place in this list, which does not change.
    var methods: [GRPCMethod] { get }

    /// A call has begun. The head holds its metadata.
    func started(_ call: GRPCCall, _ head: borrowing RequestHead)

    /// One whole message, decompressed. Not to be kept.
    func message(_ message: Span<UInt8>, _ call: GRPCCall)

    /// The client sends no more.
    func halfClosed(_ call: GRPCCall)

    /// There is room again after `send` returned false.
    func writable(_ call: GRPCCall)

    /// The call is over: drop what is kept for it.
    func ended(_ exchange: ExchangeID, _ ending: GRPCEnding)

    /// All events of a wake-up have been delivered.
    func endOfTick(_ dispatcher: GRPCDispatcher, _ sink: any ExchangeSink)
}

extension GRPCService {
    package func started(_ call: GRPCCall, _ head: borrowing RequestHead) {}
    package func halfClosed(_ call: GRPCCall) {}
    package func writable(_ call: GRPCCall) {}
    package func ended(_ exchange: ExchangeID, _ ending: GRPCEnding) {}
    package func endOfTick(_ dispatcher: GRPCDispatcher, _ sink: any ExchangeSink) {}
}
