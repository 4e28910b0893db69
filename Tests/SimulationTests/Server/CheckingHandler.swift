import EventLoop
import HTTPCore

/// Stands between a loop and its handler and holds the loop to the contract of `RequestHandler`.
final class CheckingHandler: RequestHandler {
    private enum Phase { case begun, bodyEnded, ended, cancelled }

    private struct Exchange {
        var phase = Phase.begun
        var expiresAt: [Int64] = []
    }

    private let world: World
    private let handler: any RequestHandler
    private let sink: CheckingSink
    private let loop: Int
    fileprivate var answered: Set<ExchangeID> = []
    private var exchanges: [ExchangeID: Exchange] = [:]

    init(_ world: World, loop: Int, _ handler: any RequestHandler) {
        self.world = world
        self.handler = handler
        self.loop = loop
        sink = CheckingSink()
        sink.checks = self
    }

    func head(_ head: borrowing RequestHead, _ exchange: ExchangeID, _ real: any ExchangeSink) -> BodyMode {
        sink.real = real
        if exchanges[exchange] != nil { fail("a head came twice", exchange) }
        if Int(exchange.loop) != loop { fail("a head came to another loop", exchange) }
        exchanges[exchange] = Exchange()
        world.note("head", Int(exchange.connection), Int(exchange.stream))
        if world.dice.chance(percent: 10) {
            let delay = world.dice.nanoseconds(0...2 * World.second)
            noteWish(exchange, delay)
            real.expire(exchange, after: .nanoseconds(delay))
        }
        let mode = handler.head(head, exchange, sink)
        if case .answered = mode { exchanges[exchange]?.phase = .ended }
        return mode
    }

    func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ real: any ExchangeSink) {
        sink.real = real
        switch exchanges[exchange]?.phase {
        case nil: fail("a body came without a head", exchange)
        case .begun?:
            if answered.contains(exchange) { fail("a body came after the answer", exchange) }
            if isEnd { exchanges[exchange]?.phase = .bodyEnded }
        case .bodyEnded?: fail("a body came after its end", exchange)
        case .ended?: fail("a body came after the answer", exchange)
        case .cancelled?: fail("a body came after cancelled", exchange)
        }
        handler.body(bytes, isEnd: isEnd, exchange, sink)
    }

    func writable(_ exchange: ExchangeID, _ real: any ExchangeSink) {
        sink.real = real
        handler.writable(exchange, sink)
    }

    func expired(_ exchange: ExchangeID, _ real: any ExchangeSink) {
        sink.real = real
        guard let due = exchanges[exchange]?.expiresAt.first else { return fail("expired without a wish", exchange) }
        if world.now < due { fail("expired early", exchange) }
        exchanges[exchange]?.expiresAt.removeFirst()
        if answered.contains(exchange) { fail("expired after the answer", exchange) }
        handler.expired(exchange, sink)
    }

    func cancelled(_ exchange: ExchangeID) {
        switch exchanges[exchange]?.phase {
        case nil: fail("cancelled without a head", exchange)
        case .cancelled?: fail("cancelled twice", exchange)
        case .ended?: fail("cancelled after the answer", exchange)
        case .begun?, .bodyEnded?:
            if answered.contains(exchange) { fail("cancelled after the answer", exchange) }
        }
        exchanges[exchange]?.phase = .cancelled
        world.note("cancelled", Int(exchange.connection), Int(exchange.stream))
        handler.cancelled(exchange)
    }

    func endOfTick(_ real: any ExchangeSink) {
        sink.real = real
        handler.endOfTick(sink)
    }

    func endOfTurn() { handler.endOfTurn() }

    func tidy(_ real: any ExchangeSink) {
        sink.real = real
        handler.tidy(sink)
    }

    fileprivate func wasAnswered(_ exchange: ExchangeID) {
        if exchanges[exchange]?.phase == .cancelled { return }
        if !answered.insert(exchange).inserted { fail("answered twice", exchange) }
    }

    fileprivate func noteWish(_ exchange: ExchangeID, _ delay: Int64) {
        exchanges[exchange]?.expiresAt.append(world.now + delay)
        exchanges[exchange]?.expiresAt.sort()
    }

    private func fail(_ text: String, _ exchange: ExchangeID) { world.fail("the handler: \(text): \(exchange)") }
}

/// Tells which exchanges the handler itself has answered.
private final class CheckingSink: ExchangeSink {
    weak var checks: CheckingHandler?
    weak var real: (any ExchangeSink)?

    func respond(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, body: Span<UInt8>) {
        checks?.wasAnswered(exchange)
        real?.respond(exchange, status, fields, body: body)
    }

    func start(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, bodyBytes: Int?) {
        real?.start(exchange, status, fields, bodyBytes: bodyBytes)
    }

    func send(_ exchange: ExchangeID, _ bytes: Span<UInt8>) -> Bool { real?.send(exchange, bytes) ?? true }

    func end(_ exchange: ExchangeID, trailers: ResponseFields?) {
        checks?.wasAnswered(exchange)
        real?.end(exchange, trailers: trailers)
    }

    func consumed(_ exchange: ExchangeID, bytes: Int) { real?.consumed(exchange, bytes: bytes) }

    func expire(_ exchange: ExchangeID, after duration: Duration) {
        checks?.noteWish(exchange, duration.wholeNanoseconds)
        real?.expire(exchange, after: duration)
    }

    func hearLast(_ exchange: ExchangeID) { real?.hearLast(exchange) }
    func tidyLater() { real?.tidyLater() }
}
