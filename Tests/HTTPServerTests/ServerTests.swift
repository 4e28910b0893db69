import EventLoop
import Glibc
import HTTPCore
import Testing

@testable import HTTPServer

@Suite struct ServerTests {
    private static func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
    }

    @Test func keepsAConnectionAliveForManyRequests() throws {
        let server = try TestServer()
        let client = try server.connect()
        for number in 0..<50 {
            client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n\(10 + number)")
            #expect(try client.readResponse()?.body == "\(10 + number)")
        }
        #expect(server.wait(.requests, 50) && server.count(.accepted) == 1 && server.count(.open) == 1)
    }

    @Test func answersAPipelineInOrderThoughItIsCompletedBackwards() throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send((0..<1000).map { _ in Self.get("/tick") }.joined())
        for number in 0..<1000 { #expect(try client.readResponse()?.body == "\(number)") }
        #expect(client.isSilent)
    }

    @Test func answersFromAnotherThread() throws {
        let server = try TestServer { $0.loopCount = 2 }
        let clients = try (0..<4).map { _ in try server.connect() }
        for client in clients { client.send(Self.get("/hold") + Self.get("/hold")) }
        #expect(server.probe.wait(server.server) { $0.waiting.count == 8 })
        for exchange in server.probe.get({ $0.waiting }).shuffled() {
            let text = "\(exchange.loop) \(exchange.connection) \(exchange.stream)"
            server.server.mailboxes[Int(exchange.loop)].answer(exchange, .accepted, .plainText, body: Array(text.utf8))
        }
        for client in clients {
            let first = try client.readResponse()
            let second = try client.readResponse()
            #expect(first?.status == 202 && first?.body.hasSuffix(" 0") == true && second?.body.hasSuffix(" 1") == true)
            #expect(first?.body.dropLast(2) == second?.body.dropLast(2))
        }
    }

    @Test func spreadsConnectionsEvenly() throws {
        let server = try TestServer { $0.loopCount = 4 }
        let clients = try (0..<40).map { _ in try server.connect() }
        for client in clients {
            client.send(Self.get("/a"))
            #expect(try client.readResponse()?.status == 200)
        }
        #expect(server.wait(.open, 40))
        #expect(server.server.counters.map { $0.value(.open) } == [10, 10, 10, 10])
    }

    // MARK: Exchanges that are over

    @Test func dropsAnAnswerForAConnectionThatIsGone() throws {
        let server = try TestServer()
        var first: TestClient? = try server.connect()
        first?.send(Self.get("/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        let stale = try #require(server.probe.get { $0.waiting.first })
        first = nil
        #expect(server.wait(.open, 0))
        #expect(server.probe.get { $0.cancelled } == [stale])

        let second = try server.connect()
        second.send(Self.get("/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        let fresh = try #require(server.probe.get { $0.waiting.first })
        // The same place, the same request number: only the generation tells them apart.
        #expect(fresh.connection == stale.connection && fresh.stream == stale.stream)
        let mailbox = server.server.mailboxes[0]
        mailbox.answer(stale, .ok, .plainText, body: Array("stale".utf8))
        mailbox.consumed(stale, bytes: 5)
        mailbox.answer(fresh, .ok, .plainText, body: Array("fresh".utf8))
        #expect(try second.readResponse()?.body == "fresh")
        #expect(second.isSilent)
    }

    @Test func tellsTheHandlerWhenAnExchangesTimeIsOver() throws {
        let server = try TestServer(isClockFake: true)
        let client = try server.connect()
        client.send(Self.get("/expire"))
        #expect(server.wait(.requests, 1))
        server.clock.advance(.milliseconds(200))
        server.server.mailboxes[0].wake()
        #expect(client.isSilent)
        server.clock.advance(.milliseconds(200))
        server.server.mailboxes[0].wake()
        #expect(try client.readResponse()?.body == "expired")
    }

    @Test func cancelsWhenTheClientGoesInTheMiddleOfABody() throws {
        let server = try TestServer()
        var client: TestClient? = try server.connect()
        client?.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nonly this")
        #expect(server.wait(.requests, 1))
        client = nil
        #expect(server.wait(.open, 0))
        #expect(server.probe.get { $0.cancelled.count } == 1)
        #expect(server.probe.get { $0.bodyEvents } == 0)
    }

    @Test func answersWhatAHalfClosedClientHasSent() throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send(String(repeating: Self.get("/tick"), count: 200))
        client.halfClose()
        #expect(RawConformanceTests.heads(try client.readToEnd()).count == 200)
    }

    // MARK: Bounds

    @Test func holdsTheBoundOfConnections() throws {
        let server = try TestServer { $0.connectionsMax = 3 }
        let clients = try (0..<3).map { _ in try server.connect() }
        for client in clients {
            client.send(Self.get("/a"))
            #expect(try client.readResponse()?.status == 200)
        }
        let extra = try server.connect()
        let text = try extra.readToEnd()
        #expect(RawConformanceTests.heads(text) == [503] && text.contains("Retry-After: 1") && !extra.wasReset)
        #expect(server.wait(.refused, 1))
        clients[0].send(Self.get("/a", "Connection: close\r\n"))
        _ = try clients[0].readToEnd()
        #expect(server.wait(.open, 2))
        let next = try server.connect()
        next.send(Self.get("/a"))
        #expect(try next.readResponse()?.status == 200)
    }

    @Test(arguments: [(1 << 20) - 1, 1 << 20, (1 << 20) + 1]) func holdsTheBodyBound(_ length: Int) throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n")
        let sender = try EventLoopThread(name: "body") { [client = UncheckedBox(client)] in
            client.value.send([UInt8](repeating: 0x65, count: length))
        }
        let response = try client.readResponse()
        #expect(response?.status == (length <= 1 << 20 ? 200 : 413))
        if length <= 1 << 20 { #expect(response?.body.utf8.count == length) }
        sender.join()
    }

    // MARK: Streams

    @Test func streamsAnUploadAsItsCreditComesFromAnotherThread() throws {
        let server = try TestServer()
        let client = try server.connect()
        let length = 8 << 20
        let sender = try EventLoopThread(name: "upload") { [client = UncheckedBox(client)] in
            client.value.send("PUT /window HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n")
            client.value.send([UInt8](repeating: 0x75, count: length))
        }
        var given = 0
        while given < length {
            #expect(server.probe.wait(server.server) { $0.bodyBytes == min(length, given + 64 << 10) })
            // No more than the window without credit.
            #expect(server.probe.get { $0.bodyBytes } - given <= 64 << 10)
            let exchange = ExchangeID(loop: 0, connection: 0, generation: 0, stream: 0)
            server.server.mailboxes[0].consumed(exchange, bytes: 64 << 10)
            given += 64 << 10
        }
        #expect(try client.readResponse()?.body == "done")
        sender.join()
    }

    @Test func sendsALargeAnswerAsThePeerReads() throws {
        let server = try TestServer { $0.limits.outputBytesMax = 128 << 10 }
        let client = try server.connect()
        let length = 32 << 20
        client.send(Self.get("/big/\(length)") + Self.get("/after"))
        let head =
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + "Content-Length: \(length)\r\n\r\n"
        #expect(try client.skip(head.utf8.count + length) == head.utf8.count + length)
        #expect(try client.readResponse()?.body == "GET /after")
        #expect(server.probe.get { $0.writable } > 10)
    }

    // MARK: Deadlines, on a clock that the test moves

    @Test func answers408ToAHeadThatTakesTooLong() throws {
        let server = try TestServer(isClockFake: true)
        let client = try server.connect()
        client.send("GET / HT")
        #expect(server.wait(.bytesRead, 8))
        server.clock.advance(.seconds(9))
        // A byte more does not buy more time.
        client.send("T")
        #expect(server.wait(.bytesRead, 9))
        #expect(client.isSilent)
        server.clock.advance(.milliseconds(1200))
        server.server.mailboxes[0].wake()
        #expect(RawConformanceTests.heads(try client.readToEnd()) == [408])
        client.halfClose()
        #expect(server.wait(.closedHeadTimeout, 1))
    }

    @Test func closesAnIdleConnectionWithoutAWord() throws {
        let server = try TestServer(isClockFake: true)
        let client = try server.connect()
        client.send(Self.get("/a"))
        #expect(try client.readResponse()?.status == 200)
        server.clock.advance(.seconds(70))
        client.send(Self.get("/a"))
        #expect(try client.readResponse()?.status == 200)
        server.clock.advance(.seconds(70))
        server.server.mailboxes[0].wake()
        client.send(Self.get("/a"))
        #expect(try client.readResponse()?.status == 200)
        server.clock.advance(.seconds(76))
        server.server.mailboxes[0].wake()
        #expect(try client.readToEnd().isEmpty)
        #expect(server.wait(.closedIdle, 1))
    }

    @Test func answers408ToABodyBelowTheLeastRate() throws {
        let server = try TestServer(isClockFake: true)
        let client = try server.connect()
        let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"
        client.send(head)
        #expect(server.wait(.requests, 1))
        // 2400 bytes earn 10 s on top of the grace of 5.
        client.send([UInt8](repeating: 0x61, count: 2400))
        #expect(server.wait(.bytesRead, 2400 + head.utf8.count))
        server.clock.advance(.seconds(14))
        server.server.mailboxes[0].wake()
        let ticks = server.probe.get { $0.ticks }
        #expect(server.probe.wait(server.server) { $0.ticks > ticks + 1 })
        #expect(client.isSilent)
        server.clock.advance(.seconds(2))
        server.server.mailboxes[0].wake()
        #expect(RawConformanceTests.heads(try client.readToEnd()) == [408])
        client.halfClose()
        #expect(server.wait(.closedBodyTimeout, 1))
        #expect(server.probe.get { $0.cancelled.count } == 1)
    }

    @Test func closesAConnectionWhosePeerDoesNotRead() throws {
        let server = try TestServer(isClockFake: true)
        let client = try server.connect()
        client.send(Self.get("/big/\(64 << 20)"))
        // Nothing is read: the output stands still once the kernel's buffers are full, whenever that is.
        var last = -1
        #expect(
            server.probe.wait(server.server) { _ in
                let now = server.count(.bytesWritten)
                if now > 0, now == last { server.clock.advance(.seconds(31)) }
                last = now
                return server.count(.closedWriteStall) == 1
            })
        #expect(server.probe.get { $0.cancelled.count } == 1)
    }

    @Test func refusesBodiesWhileUnreadAnswersTakeAllTheRoom() throws {
        let server = try TestServer { $0.unsentBytesMax = 1 << 10 }
        var idler: TestClient? = try server.connect()
        idler?.send(Self.get("/big/\(64 << 20)"))
        #expect(server.probe.wait(server.server) { _ in server.count(.bytesWritten) > 0 })
        let client = try server.connect()
        let post = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
        client.send(post)
        #expect(try client.readResponse()?.status == 503)
        client.send(Self.get("/a"))
        #expect(try client.readResponse()?.status == 200)
        idler = nil
        #expect(server.wait(.open, 1))
        client.send(post)
        #expect(try client.readResponse()?.body == "ok")
    }

    @Test func waitsForAHandlerAsLongAsItTakes() throws {
        let server = try TestServer(isClockFake: true)
        let client = try server.connect()
        client.send(Self.get("/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        server.clock.advance(.seconds(600))
        let ticks = server.probe.get { $0.ticks }
        #expect(server.probe.wait(server.server) { $0.ticks > ticks + 2 })
        let exchange = try #require(server.probe.get { $0.waiting.first })
        server.server.mailboxes[0].answer(exchange, .ok, .plainText, body: Array("late".utf8))
        #expect(try client.readResponse()?.body == "late")
    }

    // MARK: Closing

    @Test func refusedUploadReadsItsAnswerInsteadOfAReset() throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send("PUT /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        client.send([UInt8](repeating: 0x61, count: 40_000))
        let response = try client.readResponse()
        #expect(response?.status == 403 && response?.head.contains("Connection: close") == true)
        client.halfClose()
        #expect(try client.readToEnd().isEmpty && !client.wasReset)
        #expect(server.wait(.open, 0))
    }

    @Test func drainsIdleAndBusyConnections() throws {
        let server = try TestServer { $0.loopCount = 2 }
        let idle = try (0..<4).map { _ in try server.connect() }
        for client in idle {
            client.send(Self.get("/a"))
            #expect(try client.readResponse()?.head.contains("Connection") == false)
        }
        let busy = try server.connect()
        busy.send(Self.get("/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        server.server.beginDrain(deadline: .seconds(60))
        for client in idle { #expect(try client.readToEnd().isEmpty) }
        #expect(throws: TestClient.ClientError.self) { try server.connect() }
        let exchange = try #require(server.probe.get { $0.waiting.first })
        server.server.mailboxes[Int(exchange.loop)].answer(exchange, .ok, .plainText, body: [])
        let last = try busy.readResponse()
        #expect(last?.status == 200 && last?.head.contains("Connection: close") == true)
        #expect(try busy.readToEnd().isEmpty)
        server.server.waitUntilStopped()
        #expect(server.count(.open) == 0)
    }

    @Test func answersRequestsThatADrainFindsBehindAFullPipeline() throws {
        let server = try TestServer { $0.limits.pipelinedMax = 1 }
        let client = try server.connect()
        client.send(Self.get("/hold") + Self.get("/hold") + Self.get("/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        server.server.beginDrain(deadline: .seconds(60))
        for number in 1...3 {
            #expect(server.probe.wait(server.server) { $0.waiting.count == number })
            let exchange = try #require(server.probe.get { $0.waiting.last })
            server.server.mailboxes[Int(exchange.loop)].answer(exchange, .ok, .plainText, body: [])
            let response = try client.readResponse()
            #expect(response?.status == 200)
            #expect(response?.head.contains("Connection: close") == (number == 3))
        }
        #expect(try client.readToEnd().isEmpty)
        server.server.waitUntilStopped()
    }

    @Test func stopsAtTheDrainsDeadline() throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send(Self.get("/hold"))
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        server.server.beginDrain(deadline: .milliseconds(50))
        server.server.waitUntilStopped()
        #expect(server.probe.get { $0.cancelled.count } == 1)
        #expect(try client.readToEnd().isEmpty)
    }

    @Test func saysWhyItCannotStart() throws {
        let server = try TestServer()
        var taken = HTTPServerConfiguration()
        taken.port = server.server.boundPort
        #expect(throws: HTTPServerError.self) { try HTTPServer(taken) { _ in TestHandler(Probe()) } }
        var none = HTTPServerConfiguration()
        none.loopCount = 0
        #expect(throws: HTTPServerError.badConfiguration("loops: 0, expected 1...256")) {
            try HTTPServer(none) { _ in TestHandler(Probe()) }
        }
    }
}

/// Hands a client to a thread which only sends while the test only reads.
struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

extension String {
    func contains(_ text: String) -> Bool {
        let mark = Array(text.utf8)
        let bytes = Array(utf8)
        guard bytes.count >= mark.count else { return false }
        return (0...bytes.count - mark.count).contains { Array(bytes[$0..<$0 + mark.count]) == mark }
    }
}
