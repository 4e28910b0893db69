internal import HTTPCore
internal import HTTPServer

/// One loop's way from a request to its answer. It owns the tick: bodies are decoded as they come, every model runs
/// once over the rows of all of them, and the answers are encoded, all on the loop's own thread and without a lock.
///
/// What waits for disks or compilers (PUT, DELETE) goes to the control thread, which answers through the loop's
/// mailbox.
final class LoopHandler: RequestHandler {
    private var handling: LoopHandling

    init(context: LoopContext, shared: SharedServices) {
        handling = LoopHandling(context: context, shared: shared)
    }

    deinit { handling.close() }

    func head(_ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink) -> BodyMode {
        handling.head(head, exchange, sink)
    }

    func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ sink: any ExchangeSink) {
        handling.body(bytes, isEnd: isEnd, exchange, sink)
    }

    func writable(_ exchange: ExchangeID, _ sink: any ExchangeSink) { handling.writable(exchange, sink) }

    func expired(_ exchange: ExchangeID, _ sink: any ExchangeSink) { handling.expired(exchange, sink) }

    func cancelled(_ exchange: ExchangeID) { handling.cancelled(exchange) }

    func endOfTick(_ sink: any ExchangeSink) { handling.endOfTick(sink) }

    func endOfTurn() { handling.endOfTurn() }

    func tidy(_ sink: any ExchangeSink) { handling.tidy(sink) }

    /// Requests of which something is kept here, for tests: whose bodies are still to come, or whose rows wait.
    var openExchangeCount: Int { handling.openExchangeCount() }

    /// Calls of which it is kept what their heads ask for, for tests.
    var callAskCount: Int { handling.callAsks.count }
}
