import EventLoop
import HTTP2Wire
import HTTPCore
import Synchronization
import Testing

@testable import HTTPServer

/// One connection whose kernel is the test: what it has received, how much room it has, and how it was ended.
private final class ScriptedTransport: LoopTransport {
    struct State {
        var received: [UInt8] = []
        var room = Int.max
        var token: UInt64?
        var hasEvent = false
        var sent: [UInt8] = []
        var end: String?
    }

    let state = Mutex(State())

    func wait(milliseconds: Int32) -> Int { state.withLock { $0.hasEvent ? 1 : 0 } }

    func event(_ index: Int) -> ReadinessEvent {
        state.withLock {
            $0.hasEvent = false
            return ReadinessEvent(
                token: $0.token ?? 0, isReadable: true, isWritable: false, isPeerEnded: false, isBroken: false)
        }
    }

    func add(connection fd: Int32, token: UInt64) -> Bool {
        state.withLock {
            $0.token = token
            $0.hasEvent = true
        }
        return true
    }

    func add(source fd: Int32, token: UInt64) -> Bool { true }
    func remove(_ fd: Int32) {}

    func receive(_ fd: Int32, into bytes: inout [UInt8], at room: Range<Int>) -> TransferResult {
        let part = state.withLock { state in
            defer { state.received.removeFirst(min(room.count, state.received.count)) }
            return state.received.prefix(room.count)
        }
        guard !part.isEmpty else { return .wouldBlock }
        bytes.replaceSubrange(room.lowerBound..<room.lowerBound + part.count, with: part)
        return .moved(part.count)
    }

    func send(_ fd: Int32, _ bytes: Span<UInt8>) -> TransferResult {
        let all = bytes.indices.map { bytes[$0] }
        return state.withLock {
            let count = min($0.room, all.count)
            $0.sent += all[..<count]
            return count == 0 ? .wouldBlock : .moved(count)
        }
    }

    func halfClose(_ fd: Int32) { end("half") }
    func close(_ fd: Int32) { end("close") }
    func reset(_ fd: Int32) { end("reset") }
    private func end(_ text: String) { state.withLock { $0.end = text } }
}

private func makeLoop(_ transport: ScriptedTransport, _ clock: FakeClock) throws -> ServerLoop {
    let parts = HTTPServer.LoopParts(
        mailbox: try LoopMailbox(), transport: transport, counters: HTTPServerCounters(), load: LoopLoad())
    return ServerLoop(
        index: 0, configuration: HTTPServerConfiguration(), clock: clock, handler: TestHandler(Probe()),
        parts: parts, peers: [parts], listeners: [])
}

@Suite struct TurnTests {
    /// However much has come: the others are heard between two pieces of it.
    @Test func aTurnTakesOneReadOfAConnection() throws {
        let transport = ScriptedTransport()
        let loop = try makeLoop(transport, FakeClock())
        var input = [UInt8](repeating: 0, count: loop.inputBytes)
        var head = RequestHead()
        let body = [UInt8](repeating: 0x61, count: 5 * ServerLoop.readBytes)
        let request = Array("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
        transport.state.withLock { $0.received = request }
        loop.begin()
        loop.adopt(8)
        for turn in 1...5 {
            loop.turn(&input, &head)
            let (left, sent) = transport.state.withLock { ($0.received.count, $0.sent.count) }
            #expect(left == request.count - turn * ServerLoop.readBytes && sent == 0)
            #expect(loop.waitMilliseconds() == 0, "it goes on without another event")
        }
        loop.turn(&input, &head)
        let sent = transport.state.withLock { $0.sent }
        #expect(String(decoding: sent.prefix(12), as: UTF8.self) == "HTTP/1.1 200")
        loop.finish()
    }

    /// What a turn leaves over is kept in the same few buffers, however many requests there are.
    @Test func leftoversUseBuffersAgain() throws {
        let transport = ScriptedTransport()
        let loop = try makeLoop(transport, FakeClock())
        var input = [UInt8](repeating: 0, count: loop.inputBytes)
        var head = RequestHead()
        loop.begin()
        loop.adopt(8)
        for _ in 0..<20 {
            for part in ["POST /a HTTP/1.1\r\nHost: a\r\nContent-", "Length: 3\r\n\r\nabc"] {
                transport.state.withLock { state in
                    state.received = Array(part.utf8)
                    state.hasEvent = true
                }
                loop.turn(&input, &head)
            }
        }
        #expect(transport.state.withLock { $0.sent.split(separator: UInt8(ascii: "H")).count } >= 20)
        #expect(loop.state.value.context.spareCount <= 3)
        loop.finish()
    }
}

@Suite struct IdleEndTests {
    /// What it sends behind its GOAWAY, such as the acknowledgement of our SETTINGS, may lie unread in the kernel: a
    /// close would be a reset, which may take the last answers away.
    @Test func aPeerThatLeavesIsHeardUntilItCloses() throws {
        let transport = ScriptedTransport()
        let clock = FakeClock()
        let loop = try makeLoop(transport, clock)
        var input = [UInt8](repeating: 0, count: loop.inputBytes)
        var head = RequestHead()
        let goodbye = HTTP2Frame(.goAway, HTTP2Frame.word(0) + HTTP2Frame.word(0)).bytes
        transport.state.withLock {
            $0.received = HTTP2Frame.hello() + HTTP2Frame.request(1, "GET", "/a").bytes + goodbye
        }
        loop.begin()
        loop.adopt(8)
        loop.turn(&input, &head)
        let transcript = HTTP2Transcript()
        transcript.take(transport.state.withLock { $0.sent })
        #expect(transcript.answer(1).isEnded && transcript.goAways == [[1, 0]])
        #expect(transport.state.withLock { $0.end } == "half")
        transport.state.withLock {
            $0.received = HTTP2Frame(.settings, flags: HTTP2Frame.acknowledgement, []).bytes
            $0.hasEvent = true
        }
        loop.turn(&input, &head)
        #expect(transport.state.withLock { $0.received.isEmpty && $0.end == "half" })
        clock.advance(.seconds(3))
        loop.turn(&input, &head)
        #expect(transport.state.withLock { $0.end } == "close")
        #expect(loop.state.value.counters[.closedAfterAnswer] == 1)
        loop.finish()
    }

    /// The kernel may still hold an answer for a peer that is slow to read: a reset would take it away.
    @Test(arguments: [(Int.max, 17), (4, 4), (0, 0)])
    func anIdleEndIsNoResetWhereItsGOAWAYFindsNoRoom(room: Int, taken: Int) throws {
        let transport = ScriptedTransport()
        let clock = FakeClock()
        let loop = try makeLoop(transport, clock)
        var input = [UInt8](repeating: 0, count: loop.inputBytes)
        var head = RequestHead()
        transport.state.withLock { $0.received = HTTP2Frame.hello() + HTTP2Frame.request(1, "GET", "/a").bytes }
        loop.begin()
        loop.adopt(8)
        loop.turn(&input, &head)
        let transcript = HTTP2Transcript()
        transcript.take(transport.state.withLock { $0.sent })
        #expect(transcript.answer(1).text == "GET /a" && transcript.answer(1).isEnded)
        let before = transport.state.withLock { state in
            state.room = room
            return state.sent.count
        }
        clock.advance(.seconds(76))
        loop.turn(&input, &head)
        let (end, sent) = transport.state.withLock { ($0.end, $0.sent.count) }
        #expect(end == "close" && sent - before == taken)
        #expect(loop.state.value.counters[.closedIdle] == 1)
        loop.finish()
    }
}
