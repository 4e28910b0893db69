/// One call, lent to its service for the length of an event: it cannot be stored.
package struct GRPCCall: ~Escapable {
    private let state: GRPCCallState
    private let dispatcher: GRPCDispatcher
    private let sink: any ExchangeSink

    @_lifetime(immortal)
    init(_ state: GRPCCallState, _ dispatcher: GRPCDispatcher, _ sink: any ExchangeSink) {
        self.state = state
        self.dispatcher = dispatcher
        self.sink = sink
    }

    /// What it is called by after the event.
    package var exchange: ExchangeID { state.exchange }

    /// The place of its method in the service's list.
    package var method: Int { state.entry.method }

    /// Whether it has ended: nothing can be sent any more.
    package var isOver: Bool { state.isOver }

    /// Sends a message; it is taken in any case. Does nothing where the call is over.
    ///
    /// - Returns: false where more waits than the client reads: send no more before `writable`.
    @discardableResult
    package func send(_ message: Span<UInt8>) -> Bool { dispatcher.send(message, state, sink) }

    /// Ends the call. Does nothing where it is over.
    package func finish(_ status: GRPCStatus = .ok) { dispatcher.finish(state, status, sink) }

    /// Gives the client no credit for more than it may send already, until ``release()``. Messages that are within
    /// that credit (the dispatcher's `windowBytes`) still come.
    package func hold() { state.isHeld = true }

    /// Lets the client go on after ``hold()``.
    package func release() {
        state.isHeld = false
        dispatcher.giveCredit(state, sink)
    }
}
