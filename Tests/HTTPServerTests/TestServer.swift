import EventLoop
import HTTPCore
import Synchronization

@testable import HTTPServer

/// What happens inside, seen from the test's thread.
final class Probe: Sendable {
    struct State {
        var waiting: [ExchangeID] = []
        var cancelled: [ExchangeID] = []
        var bodyBytes = 0
        var bodyEvents = 0
        var ended = 0
        var writable = 0
        var ticks = 0
    }

    let state = Mutex(State())

    func get<Value: Sendable>(_ body: (State) -> Value) -> Value { state.withLock { body($0) } }

    /// Waits until `condition` holds, waking the loops so that they look at their clock; false after a bounded time.
    func wait(_ server: HTTPServer, _ condition: (State) -> Bool) -> Bool {
        let clock = SystemClock()
        let end = clock.now().advanced(by: LoopDuration(.seconds(60)))
        while clock.now() < end {
            if state.withLock({ condition($0) }) { return true }
            for mailbox in server.mailboxes { mailbox.wake() }
        }
        return false
    }
}

/// Answers by path, on the loop's thread.
///
///     /echo      the body            /hold   not answered; kept in the probe
///     /tick      in endOfTick, last request first
///     /sink      streamed with a window of 64 KiB; credit is given back at once
///     /window    streamed with a window of 64 KiB; credit is left to the test
///     /big/N     N bytes in chunks, as the peer reads
///     /expire    asked to be told after 0.3 s, and answers then
///     /refused   403 before the body
///     others     200 and the method and path
final class TestHandler: RequestHandler {
    private enum Kind { case echo, hold, expire, tick, sink, window, big(Int), other(String) }

    private let probe: Probe
    private var kinds: [ExchangeID: Kind] = [:]
    private var ticking: [ExchangeID] = []
    private let chunk = [UInt8](repeating: 0x62, count: 16 << 10)

    init(_ probe: Probe) { self.probe = probe }

    func head(_ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink) -> BodyMode {
        let path = head.path.text
        if path == "/refused" { return .answered(.forbidden, .plainText, Array("no".utf8)) }
        switch path {
        case "/echo": kinds[exchange] = .echo
        case "/hold": kinds[exchange] = .hold
        case "/tick": kinds[exchange] = .tick
        case "/expire": kinds[exchange] = .expire
        case "/sink": kinds[exchange] = .sink
        case "/window": kinds[exchange] = .window
        case _ where path.hasPrefix("/big/"): kinds[exchange] = .big(Int(path.dropFirst(5)) ?? 0)
        default: kinds[exchange] = .other("\(head.method.name) \(path)")
        }
        return path == "/sink" || path == "/window" ? .streamed(windowBytes: 64 << 10) : .buffered(bytesMax: 1 << 20)
    }

    func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ sink: any ExchangeSink) {
        let count = bytes.count
        probe.state.withLock {
            $0.bodyBytes += count
            $0.bodyEvents += 1
            if isEnd { $0.ended += 1 }
        }
        guard let kind = kinds[exchange] else { return }
        if case .sink = kind { sink.consumed(exchange, bytes: count) }
        guard isEnd else { return }
        switch kind {
        case .echo: sink.respond(exchange, .ok, .plainText, body: bytes)
        case .hold:
            probe.state.withLock { $0.waiting.append(exchange) }
            return
        case .tick: ticking.append(exchange)
        case .expire: return sink.expire(exchange, after: .milliseconds(300))
        case .sink, .window: answer(exchange, "done", sink)
        case .big(let count):
            sink.start(exchange, .ok, .plainText, bodyBytes: count)
            kinds[exchange] = .big(count)
            sendMore(exchange, sink)
            return
        case .other(let text): answer(exchange, text, sink)
        }
        kinds[exchange] = nil
    }

    private func sendMore(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        guard case .big(var left)? = kinds[exchange] else { return }
        while left > 0 {
            let part = chunk
            let count = min(left, part.count)
            left -= count
            kinds[exchange] = .big(left)
            if !sink.send(exchange, part.span.extracting(0..<count)) { return }
        }
        kinds[exchange] = nil
        sink.end(exchange, trailers: nil)
    }

    func writable(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        probe.state.withLock { $0.writable += 1 }
        sendMore(exchange, sink)
    }

    func expired(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        kinds[exchange] = nil
        answer(exchange, "expired", sink)
    }

    func cancelled(_ exchange: ExchangeID) {
        kinds[exchange] = nil
        probe.state.withLock {
            $0.cancelled.append(exchange)
            $0.waiting.removeAll { $0 == exchange }
        }
    }

    func endOfTick(_ sink: any ExchangeSink) {
        probe.state.withLock { $0.ticks += 1 }
        for exchange in ticking.reversed() { answer(exchange, "\(exchange.stream)", sink) }
        ticking.removeAll(keepingCapacity: true)
    }

    private func answer(_ exchange: ExchangeID, _ text: String, _ sink: any ExchangeSink) {
        let bytes = Array(text.utf8)
        sink.respond(exchange, .ok, .plainText, body: bytes.span)
    }
}

/// A clock that stands still until it is moved.
final class FakeClock: LoopClock {
    private let time = Atomic<Int64>(1_000_000_000)
    func now() -> LoopInstant { LoopInstant(nanoseconds: time.load(ordering: .acquiring)) }
    func unixSeconds() -> Int64 { 784_111_777 }
    func advance(_ duration: Duration) {
        time.add(LoopDuration(duration).nanoseconds, ordering: .acquiringAndReleasing)
    }
}

/// A running server that ends with the test.
final class TestServer {
    let server: HTTPServer
    let probe = Probe()
    let clock = FakeClock()

    init(isClockFake: Bool = false, _ change: (inout HTTPServerConfiguration) -> Void = { _ in }) throws {
        var configuration = HTTPServerConfiguration()
        configuration.port = 0
        change(&configuration)
        let probe = probe
        server = try HTTPServer(configuration, clock: isClockFake ? clock : SystemClock()) { _ in TestHandler(probe) }
        try server.start()
    }

    deinit {
        server.beginDrain(deadline: .zero)
        clock.advance(.seconds(1000))
        for mailbox in server.mailboxes { mailbox.wake() }
        server.waitUntilStopped()
    }

    func connect() throws -> TestClient { try TestClient(port: server.boundPort) }

    func count(_ counter: HTTPServerCounter) -> Int { server.counters.reduce(0) { $0 + $1.value(counter) } }

    /// Waits until a counter has the value.
    func wait(_ counter: HTTPServerCounter, _ value: Int) -> Bool {
        probe.wait(server) { _ in count(counter) == value }
    }
}
