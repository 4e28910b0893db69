import EventLoop
import Glibc
import HTTP2Wire
import HTTPCore
import Testing

@testable import HTTPServer

/// HTTP/2 over real sockets.
@Suite struct HTTP2ServerTests {
    /// A client and what it has been told.
    private final class Client {
        let socket: TestClient
        let transcript = HTTP2Transcript()

        init(_ server: TestServer, settings: [(UInt16, UInt32)] = []) throws {
            socket = try server.connect()
            socket.send(HTTP2Frame.hello(settings))
        }

        func send(_ frames: HTTP2Frame...) { socket.send(frames.flatMap(\.bytes)) }

        /// Reads until `condition` holds; false where the server ends before.
        func read(until condition: (HTTP2Transcript) -> Bool) throws -> Bool {
            while !condition(transcript) {
                let bytes = try socket.readSome()
                if bytes.isEmpty { return condition(transcript) }
                transcript.take(bytes)
            }
            return true
        }

        func answer(_ stream: UInt32) throws -> HTTP2Transcript.Answer {
            _ = try read { $0.answer(stream).isEnded || $0.answer(stream).resetCode != nil }
            return transcript.answer(stream)
        }
    }

    @Test func answersManyRequestsOnOneConnection() throws {
        let server = try TestServer()
        let client = try Client(server)
        for number in 0..<100 {
            let stream = UInt32(number * 2 + 1)
            client.send(.request(stream, "POST", "/echo", end: false), .data(stream, "\(number)"))
        }
        for number in 0..<100 {
            #expect(try client.answer(UInt32(number * 2 + 1)).text == "\(number)")
        }
        #expect(server.wait(.requests, 100) && server.count(.accepted) == 1 && server.count(.open) == 1)
    }

    @Test func tellsThePrefaceByteByByte() throws {
        let server = try TestServer()
        let client = try server.connect()
        let transcript = HTTP2Transcript()
        for byte in HTTP2Frame.hello() + HTTP2Frame.request(1, "GET", "/a") { client.send([byte]) }
        while !transcript.answer(1).isEnded {
            let bytes = try client.readSome()
            try #require(!bytes.isEmpty)
            transcript.take(bytes)
        }
        #expect(transcript.answer(1).text == "GET /a")
    }

    @Test func answersFromAnotherThread() throws {
        let server = try TestServer()
        let client = try Client(server)
        client.send(.request(1, "GET", "/hold"), .request(3, "GET", "/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 2 })
        for exchange in server.probe.get({ $0.waiting }).reversed() {
            server.server.mailboxes[0].answer(exchange, .accepted, .plainText, body: Array("\(exchange.stream)".utf8))
        }
        #expect(try client.answer(1).text == "1")
        #expect(try client.answer(3).text == "3")
    }

    @Test func sendsALongAnswerAsThePeerReads() throws {
        let server = try TestServer()
        let client = try Client(server, settings: [(4, 1 << 20)])
        client.send(.window(0, 1 << 30), .request(1, "GET", "/big/3000000"))
        #expect(try client.read { $0.answer(1).body.count > 500_000 })
        client.send(.window(1, 1 << 24), .request(3))
        #expect(try client.answer(1).isEnded && client.answer(3).text == "GET /")
        #expect(client.transcript.answer(1).body.count == 3_000_000)
        #expect(server.probe.get { $0.writable } > 0)
    }

    @Test func streamsALongBody() throws {
        let server = try TestServer()
        let client = try Client(server)
        client.send(.request(1, "POST", "/sink", end: false))
        var left = 2_000_000
        var credit = 65535
        var seen = 0
        while left > 0 {
            let part = min(left, 16384, credit)
            if part > 0 {
                client.send(.data(1, [UInt8](repeating: 1, count: part), end: part == left))
                left -= part
                credit -= part
                continue
            }
            #expect(try client.read { $0.windows[1, default: 0] > seen })
            credit += client.transcript.windows[1, default: 0] - seen
            seen = client.transcript.windows[1, default: 0]
        }
        #expect(try client.answer(1).text == "done")
        #expect(server.probe.get { $0.bodyBytes } == 2_000_000)
    }

    @Test func cancelsWhatAResetOrACloseLeaves() throws {
        let server = try TestServer()
        let client = try Client(server)
        client.send(.request(1, "GET", "/hold"), .request(3, "GET", "/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 2 })
        client.send(.reset(1))
        #expect(server.probe.wait(server.server) { $0.cancelled.map(\.stream) == [1] })
        client.socket.halfClose()
        #expect(server.probe.wait(server.server) { $0.cancelled.map(\.stream) == [1, 3] })
        #expect(server.wait(.closedByPeer, 1))
    }

    @Test func doesNotLetAStalledStreamHoldUpTheOthers() throws {
        let server = try TestServer()
        let client = try Client(server, settings: [(4, 0)])
        client.send(.request(1, "GET", "/big/100000"), .request(3, "GET", "/x"), .window(3, 100))
        #expect(try client.answer(3).text == "GET /x")
        client.send(.window(1, 200_000), .window(0, 200_000))
        #expect(try client.answer(1).body.count == 100_000)
    }

    // MARK: Time

    private func advance(_ server: TestServer, _ seconds: Int) {
        server.clock.advance(.seconds(seconds))
        for mailbox in server.server.mailboxes { mailbox.wake() }
    }

    @Test func closesAnIdleConnectionWithGOAWAY() throws {
        let server = try TestServer(isClockFake: true)
        let client = try Client(server)
        client.send(.request(1))
        #expect(try client.answer(1).status == 200)
        #expect(server.wait(.requests, 1))
        advance(server, 76)
        #expect(try client.read { !$0.goAways.isEmpty } && client.transcript.goAways.last == [1, 0])
        #expect(server.wait(.closedIdle, 1))
    }

    @Test func closesAFieldBlockThatDoesNotEnd() throws {
        let server = try TestServer(isClockFake: true)
        let client = try Client(server)
        client.send(HTTP2Frame(.headers, flags: 1, stream: 1, HTTP2Frame.block([(":method", "GET")])), .ping())
        #expect(try client.read { !$0.goAways.isEmpty })
        #expect(server.wait(.framingErrors, 1))

        let slow = try Client(server)
        slow.send(.ping())
        #expect(try slow.read { $0.count(.settings) == 2 && $0.count(.ping) == 1 })
        // All that was sent before has been read; the field block is before its time runs.
        let unfinished = HTTP2Frame(.headers, flags: 1, stream: 1, HTTP2Frame.block([(":method", "GET")]))
        let bytesRead = server.count(.bytesRead)
        slow.send(unfinished)
        // An acknowledgement of the server's settings may come in between: it is shorter than the block.
        let enough = bytesRead + unfinished.bytes.count
        #expect(server.probe.wait(server.server) { _ in server.count(.bytesRead) >= enough })
        advance(server, 11)
        #expect(try slow.read { !$0.goAways.isEmpty } && slow.transcript.goAways.last?.last == 11)
    }

    @Test func answers408WhereABodyStops() throws {
        let server = try TestServer(isClockFake: true)
        let client = try Client(server)
        client.send(.request(1, "POST", "/echo", end: false), .data(1, "a", end: false), .request(3, "GET", "/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        advance(server, 6)
        #expect(try client.answer(1).status == 408)
        #expect(server.probe.wait(server.server) { $0.cancelled.map(\.stream) == [1] } && server.count(.open) == 1)
        advance(server, 2)
        #expect(try client.read { $0.answer(1).resetCode != nil })
    }

    @Test func closesAPeerThatKeepsItsWindowShut() throws {
        let server = try TestServer(isClockFake: true)
        let client = try Client(server, settings: [(4, 0)])
        client.send(.request(1, "GET", "/a"), .ping())
        #expect(try client.read { $0.count(.ping) == 1 })
        advance(server, 20)
        client.send(.ping())
        #expect(try client.read { $0.count(.ping) == 2 })
        advance(server, 11)
        #expect(server.wait(.closedWriteStall, 1))
    }

    @Test func givesUpOneStreamWhoseWindowStaysShutWhileOthersMove() throws {
        let server = try TestServer(isClockFake: true)
        let client = try Client(server, settings: [(4, 0)])
        client.send(.request(1, "GET", "/big/100000"), .window(1, 10_000))
        #expect(try client.read { $0.answer(1).body.count == 10_000 })
        for (stream, seconds) in [(UInt32(3), 20), (5, 9)] {
            advance(server, seconds)
            client.send(.request(stream, "GET", "/moves"), .window(stream, 100))
            #expect(try client.answer(stream).text == "GET /moves")
        }
        #expect(client.transcript.answer(1).resetCode == nil)
        advance(server, 2)
        #expect(try client.read { $0.answer(1).resetCode == HTTP2Error.cancel.rawValue })
        client.send(.request(7, "GET", "/after"), .window(7, 100))
        #expect(try client.answer(7).text == "GET /after")
        #expect(server.count(.writeTimeouts) == 1 && server.count(.open) == 1)
        // What waited for it is gone: the connection is idle again, and ends as such.
        advance(server, 76)
        #expect(server.wait(.closedIdle, 1))
    }

    /// Only bytes of a body count, whichever stream's: not heads, resets, acknowledgements nor credit, and not how
    /// short the other streams have waited.
    @Test func closesAConnectionThatTakesNoByteOfAnAnswerAndNotBefore() throws {
        let server = try TestServer(isClockFake: true)
        let client = try Client(server, settings: [(4, 0)])
        client.send(.request(1, "GET", "/a"))
        #expect(try client.read { $0.answer(1).status == 200 })
        advance(server, 10)
        client.send(.request(3, "GET", "/moves"), .window(3, 1))
        #expect(try client.read { $0.answer(3).body.count == 1 })
        advance(server, 10)
        client.send(.request(5, "GET", "/head"), .window(0, 100))
        #expect(try client.read { $0.answer(5).status == 200 })
        // The first stream has waited for 31 s, the connection only for 21.
        advance(server, 11)
        #expect(try client.read { $0.answer(1).resetCode == HTTP2Error.cancel.rawValue })
        client.send(.request(7, "GET", "/after"))
        #expect(try client.read { $0.answer(7).status == 200 })
        for second in 1...8 {
            advance(server, 1)
            client.send(.ping())
            #expect(try client.read { $0.count(.ping) == second })
        }
        #expect(server.count(.open) == 1 && client.transcript.answer(3).resetCode == nil)
        advance(server, 2)
        #expect(server.wait(.closedWriteStall, 1) && server.count(.writeTimeouts) == 2)
        #expect(try client.read { $0.count(.resetStream) == 2 } == false)
    }

    @Test func countsRequestsThatTheirClientResetsAsAbandoned() throws {
        let server = try TestServer()
        let client = try Client(server)
        client.send(.request(1, "POST", "/echo", end: false), .data(1, "a", end: false), .request(3, "GET", "/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        client.send(.reset(1), .reset(3), .request(5, "GET", "/a"))
        #expect(try client.answer(5).text == "GET /a")
        #expect(server.wait(.abandoned, 2) && server.count(.framingErrors) == 0)
        // A whole answer is none, whatever its client does then.
        client.send(.reset(5), .ping())
        #expect(try client.read { $0.count(.ping) == 1 })
        #expect(server.wait(.abandoned, 2))
    }

    @Test func tellsAClientThatResetsTooOftenToCalmDown() throws {
        let server = try TestServer()
        let client = try Client(server)
        for stream in stride(from: UInt32(1), to: 2001, by: 2) {
            client.send(.request(stream, "POST", "/echo", end: false), .reset(stream))
        }
        _ = try client.read { _ in false }
        #expect(client.transcript.goAways.last?.last == 11)
        #expect(server.wait(.framingErrors, 1))
    }

    // MARK: Drain

    @Test func drainsWithTwoGOAWAYs() throws {
        let server = try TestServer()
        let client = try Client(server)
        client.send(.request(1, "GET", "/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        server.server.beginDrain(deadline: .seconds(60))
        #expect(try client.read { $0.goAways.count == 1 } && client.transcript.goAways == [[0x7FFF_FFFF, 0]])
        client.send(.request(3, "GET", "/late"))
        #expect(try client.answer(3).text == "GET /late")
        client.send(.ping(0, flags: HTTP2Frame.acknowledgement))
        #expect(try client.read { $0.goAways.count == 2 } && client.transcript.goAways.last == [3, 0])
        for exchange in server.probe.get({ $0.waiting }) {
            server.server.mailboxes[0].answer(exchange, .ok, .plainText, body: Array("held".utf8))
        }
        #expect(try client.answer(1).text == "held")
        #expect(try !client.read { _ in false })
        server.server.waitUntilStopped()
        #expect(server.count(.open) == 0)
    }

    @Test func readsOnBehindTheLastAnswersOfADrain() throws {
        let server = try TestServer(isClockFake: true)
        let client = try Client(server)
        client.send(.request(1, "GET", "/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        server.server.beginDrain(deadline: .seconds(600))
        #expect(try client.read { $0.goAways.count == 1 })
        client.send(.ping(0, flags: HTTP2Frame.acknowledgement))
        for exchange in server.probe.get({ $0.waiting }) {
            server.server.mailboxes[0].answer(exchange, .ok, .plainText, body: Array("held".utf8))
        }
        #expect(try client.answer(1).text == "held")
        #expect(try !client.read { _ in false })
        // What comes now is thrown away; closing on it would be a reset, which overtakes what was sent.
        client.send(.window(0, 4))
        #expect(server.wait(.lingering, 1))
        client.socket.halfClose()
        server.server.waitUntilStopped()
        #expect(server.count(.open) == 0)
    }

    @Test func closesAConnectionOverTheBoundWithoutASession() throws {
        let server = try TestServer { $0.connectionsMax = 1 }
        let first = try Client(server)
        first.send(.request(1))
        #expect(try first.answer(1).status == 200)
        let second = try server.connect()
        second.send(HTTP2Frame.hello())
        #expect(try second.readToEnd().hasPrefix("HTTP/1.1 503 "))
    }

    @Test func livesOnAfterFloods() throws {
        let server = try TestServer()
        for flood in [HTTP2Frame.ping(), .window(0, 1), HTTP2Frame(.priority, stream: 1, [0, 0, 0, 3, 1])] {
            let client = try Client(server)
            client.socket.send((0..<3000).flatMap { _ in flood.bytes })
            _ = try client.read { _ in false }
            #expect(client.transcript.goAways.last?.last == 11)
        }
        let client = try Client(server)
        client.send(.request(1))
        #expect(try client.answer(1).status == 200)
        #expect(server.wait(.open, 1))
    }
}
