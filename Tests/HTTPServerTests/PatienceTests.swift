import EventLoop
import HTTPCore
import Synchronization
import Testing

@testable import HTTPServer

/// Connections whose kernel is the test.
private final class SeveralConnections: LoopTransport {
    struct State {
        var tokens: [Int32: UInt64] = [:]
        var received: [Int32: [UInt8]] = [:]
        var events: [ReadinessEvent] = []
        var current: [ReadinessEvent] = []
        var answers: [Int32: Int] = [:]
    }

    let state = Mutex(State())

    /// A request comes in.
    func ask(_ fd: Int32, _ path: String) {
        state.withLock { state in
            state.received[fd, default: []] += Array("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            state.events.append(
                ReadinessEvent(
                    token: state.tokens[fd] ?? 0, isReadable: true, isWritable: false, isPeerEnded: false,
                    isBroken: false))
        }
    }

    /// The peer is gone.
    func breakOff(_ fd: Int32) {
        state.withLock { state in
            state.events.append(
                ReadinessEvent(
                    token: state.tokens[fd] ?? 0, isReadable: true, isWritable: true, isPeerEnded: true, isBroken: true)
            )
        }
    }

    func wait(milliseconds: Int32) -> Int {
        state.withLock { state in
            swap(&state.current, &state.events)
            state.events = []
            return state.current.count
        }
    }

    func event(_ index: Int) -> ReadinessEvent { state.withLock { $0.current[index] } }

    func add(connection fd: Int32, token: UInt64) -> Bool {
        state.withLock { $0.tokens[fd] = token }
        return true
    }

    func receive(_ fd: Int32, into bytes: inout [UInt8], at room: Range<Int>) -> TransferResult {
        let part = state.withLock { $0.received.removeValue(forKey: fd) ?? [] }
        guard !part.isEmpty else { return .wouldBlock }
        bytes.replaceSubrange(room.lowerBound..<room.lowerBound + part.count, with: part)
        return .moved(part.count)
    }

    func send(_ fd: Int32, _ bytes: Span<UInt8>) -> TransferResult {
        state.withLock { $0.answers[fd, default: 0] += 1 }
        return .moved(bytes.count)
    }

    func add(source fd: Int32, token: UInt64) -> Bool { true }
    func remove(_ fd: Int32) {}
    func halfClose(_ fd: Int32) {}
    func close(_ fd: Int32) {}
    func reset(_ fd: Int32) {}
}

/// Answers at once and writes down what it hears; what is under `/slow` takes 12 us and is slow to answer.
private final class PatientHandler: RequestHandler {
    let clock: FakeClock
    let heard = Mutex<[String]>([])
    var atEndOfTurn: () -> Void = {}

    init(_ clock: FakeClock) { self.clock = clock }

    func head(_ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink) -> BodyMode {
        let path = head.path.text
        heard.withLock { $0.append(path) }
        if path == "/untidy" { sink.tidyLater() }
        if path.hasPrefix("/slow") {
            clock.advance(.microseconds(12))
            sink.hearLast(exchange)
        }
        return .answered(.ok, .plainText, Array("here".utf8))
    }

    func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ sink: any ExchangeSink) {}
    func writable(_ exchange: ExchangeID, _ sink: any ExchangeSink) {}
    func expired(_ exchange: ExchangeID, _ sink: any ExchangeSink) {}
    func cancelled(_ exchange: ExchangeID) {}
    func endOfTick(_ sink: any ExchangeSink) { heard.withLock { $0.append("tick") } }
    func endOfTurn() { atEndOfTurn() }
    func tidy(_ sink: any ExchangeSink) { heard.withLock { $0.append("tidy") } }
}

@Suite struct PatienceTests {
    private let transport = SeveralConnections()
    private let handler = PatientHandler(FakeClock())
    private let loop: ServerLoop
    private var input: [UInt8]
    private var head = RequestHead()

    init() throws {
        let parts = HTTPServer.LoopParts(
            mailbox: try LoopMailbox(), transport: transport, counters: HTTPServerCounters(), load: LoopLoad())
        loop = ServerLoop(
            index: 0, configuration: HTTPServerConfiguration(), clock: handler.clock, handler: handler, parts: parts,
            peers: [parts], listeners: [])
        input = [UInt8](repeating: 0, count: loop.inputBytes)
        loop.begin()
    }

    private mutating func turn() -> [String] {
        handler.heard.withLock { $0 = [] }
        loop.turn(&input, &head)
        return handler.heard.withLock { $0 }
    }

    @Test mutating func whoseRequestsAreSlowIsHeardBehindTheOthers() {
        for fd in Int32(8)...12 { loop.adopt(fd) }
        for fd in Int32(8)...11 { transport.ask(fd, "/slow/\(fd)") }
        #expect(turn() == ["/slow/8", "/slow/9", "/slow/10", "/slow/11", "tick"], "nothing is known of them")
        #expect(loop.waitMilliseconds() != 0)

        for fd in Int32(8)...11 { transport.ask(fd, "/slow/\(fd)") }
        transport.ask(12, "/quick")
        #expect(turn() == ["/quick", "tick", "/slow/8", "/slow/9"])
        #expect(transport.state.withLock { $0.answers } == [8: 1, 9: 1, 10: 1, 11: 1, 12: 1])
        #expect(loop.waitMilliseconds() == 0, "what has been heard is to be answered")
        transport.ask(12, "/quick")
        #expect(turn() == ["/quick", "tick", "/slow/10", "/slow/11"], "who has waited longest is first")
        #expect(turn() == ["tick"])
        #expect(transport.state.withLock { $0.answers } == [8: 2, 9: 2, 10: 2, 11: 2, 12: 2])
        #expect(loop.waitMilliseconds() != 0)

        // Without others there is no reason to be brief.
        handler.clock.advance(.milliseconds(3))
        for fd in Int32(8)...11 { transport.ask(fd, "/slow/\(fd)") }
        #expect(turn() == ["tick", "/slow/8", "/slow/9", "/slow/10", "/slow/11"])
        _ = turn()

        transport.ask(8, "/quick")
        #expect(turn() == ["tick", "/quick"])
        #expect(turn() == ["tick"])
        transport.ask(8, "/quick")
        transport.ask(9, "/slow/9")
        #expect(turn() == ["/quick", "tick", "/slow/9"], "its last request was not slow")
        loop.finish()
    }

    /// There a handler may wait: nobody is to wait for what it has answered.
    @Test mutating func aTurnEndsWhenItsAnswersAreSent() {
        loop.adopt(8)
        transport.ask(8, "/quick")
        var sent: [Int?] = []
        handler.atEndOfTurn = { [transport] in sent.append(transport.state.withLock { $0.answers[8] }) }
        _ = turn()
        _ = turn()
        handler.atEndOfTurn = {}
        #expect(sent == [1, 1])
        loop.finish()
    }

    @Test mutating func tidiesUpASecondAfterItWasAskedForLast() {
        loop.adopt(8)
        transport.ask(8, "/untidy")
        _ = turn()
        handler.clock.advance(.milliseconds(900))
        transport.ask(8, "/untidy")
        _ = turn()
        handler.clock.advance(.milliseconds(900))
        #expect(turn() == ["tick"])
        handler.clock.advance(.milliseconds(200))
        #expect(turn() == ["tidy", "tick"])
        handler.clock.advance(.seconds(3))
        #expect(turn() == ["tick"])
        loop.finish()
    }

    @Test mutating func whoIsGoneBeforeItsTurnIsPassedOver() {
        for fd in Int32(8)...10 { loop.adopt(fd) }
        for fd in Int32(8)...10 { transport.ask(fd, "/slow/\(fd)") }
        _ = turn()
        for fd in Int32(8)...10 { transport.ask(fd, "/slow/\(fd)") }
        #expect(turn() == ["tick", "/slow/8", "/slow/9"])
        transport.breakOff(10)
        #expect(turn() == ["tick"])
        loop.adopt(11)
        transport.ask(11, "/quick")
        #expect(turn() == ["/quick", "tick"], "in the place of the one that is gone")
        #expect(loop.state.value.behind.isEmpty && loop.waitMilliseconds() != 0)
        loop.finish()
    }
}
