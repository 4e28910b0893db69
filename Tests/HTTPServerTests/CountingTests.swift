import EventLoop
import HTTPCore
import Testing

@testable import HTTPServer

/// What the loop counts: states of connections, times that ran out, answers of its own.
@Suite struct CountingTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
    private static let states: [HTTPServerCounter] = [
        .idle, .readingHead, .readingBody, .awaitingAnswer, .writing, .lingering,
    ]

    private static func sum(_ server: TestServer) -> Int { states.reduce(0) { $0 + server.count($1) } }

    @Test func knowsWhatEachConnectionWaitsFor() throws {
        let server = try TestServer()
        let idle = try server.connect()
        #expect(server.wait(.idle, 1))
        idle.send(Self.get)
        #expect(try idle.readResponse()?.status == 200)
        let inHead = try server.connect()
        inHead.send("GET / HT")
        #expect(server.wait(.readingHead, 1))
        let inBody = try server.connect()
        inBody.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
        #expect(server.wait(.readingBody, 1))
        let waiting = try server.connect()
        waiting.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(server.wait(.awaitingAnswer, 1))
        let notReading = try server.connect()
        notReading.send("GET /big/\(64 << 20) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(server.wait(.writing, 1))
        let refused = try server.connect()
        refused.send("nonsense\r\n\r\n")
        #expect(try refused.readResponse()?.status == 400)
        #expect(server.wait(.lingering, 1))

        #expect(Self.states.map { server.count($0) } == [1, 1, 1, 1, 1, 1] && server.count(.open) == 6)
        inHead.send("TP/1.1\r\nHost: x\r\n\r\n")
        inBody.send("cde")
        #expect(try inHead.readResponse()?.status == 200 && inBody.readResponse()?.body == "abcde")
        #expect(server.wait(.idle, 3))
        #expect(Self.sum(server) == server.count(.open))
    }

    @Test func statesAddUpToNothingWhenAllAreGone() throws {
        let server = try TestServer { $0.connectionsMax = 2 }
        for request in [Self.get, "GET", "nonsense\r\n\r\n", "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n", ""] {
            var clients = try (0..<5).map { _ in try server.connect() }
            for client in clients { client.send(request) }
            clients = []
            #expect(server.wait(.open, 0))
        }
        for state in Self.states { #expect(server.count(state) == 0, "\(state)") }
    }

    @Test func countsItsOwnAnswersByReason() throws {
        let server = try TestServer()
        let refused: [(String, RequestFailure)] = [
            ("nonsense\r\n\r\n", .malformedRequestLine), ("GET / HTTP/1.1\r\n\r\n", .missingHost),
            ("GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", .malformedField),
            ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", .unknownMethod),
            ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", .bodyTooLong),
            ("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", .malformedChunk),
        ]
        var clients: [TestClient] = []
        for (text, failure) in refused {
            let client = try server.connect()
            client.send(text)
            #expect(try client.readResponse()?.status == Int(failure.status.rawValue))
            clients.append(client)
        }
        let good = try server.connect()
        good.send(Self.get + Self.get)
        #expect(try good.readResponse()?.status == 200 && good.readResponse()?.status == 200)
        let counters = server.server.counters
        for (_, failure) in refused { #expect(counters[0].refusals(failure) == 1, "\(failure)") }
        #expect(RequestFailure.allCases.reduce(0) { $0 + counters[0].refusals($1) } == refused.count)
    }

    @Test func countsTheAnswerAtTheBoundOfConnections() throws {
        let server = try TestServer { $0.connectionsMax = 1 }
        let first = try server.connect()
        #expect(server.wait(.open, 1))
        let second = try server.connect()
        #expect(try second.readResponse()?.status == 503)
        // Counted at the end of the turn, which may be after the answer has been read.
        let counters = server.server.counters[0]
        #expect(server.probe.wait(server.server) { _ in counters.refusals(.tooManyConnections) == 1 })
        withExtendedLifetime(first) {}
    }

    @Test func countsRequestsWhoseClientWent() throws {
        let server = try TestServer()
        var client: TestClient? = try server.connect()
        client?.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n" + "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(server.probe.wait(server.server) { $0.waiting.count == 2 })
        client = nil
        #expect(server.wait(.abandoned, 2))
        #expect(server.probe.get { $0.cancelled.count } == 2)
    }

    @Test func countsTimesThatRanOutByKind() throws {
        let server = try TestServer(isClockFake: true)
        let head = try server.connect()
        head.send("GET")
        let body = try server.connect()
        body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        let idle = try server.connect()
        let asked = try server.connect()
        asked.send("GET /expire HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(server.wait(.readingHead, 1) && server.wait(.readingBody, 1) && server.wait(.idle, 1))
        #expect(server.wait(.awaitingAnswer, 1))
        server.clock.advance(.seconds(80))
        for kind in [HTTPServerCounter.headTimeouts, .bodyTimeouts, .idleTimeouts, .exchangeTimeouts] {
            #expect(server.wait(kind, 1), "\(kind)")
        }
        #expect(server.count(.writeTimeouts) == 0)
        // 80 s less 10, 5 and 75: nobody looked at the clock before.
        let delays = server.server.counters[0].timerDelays
        #expect(delays.bucketCounts.reduce(0, +) == 3 && delays.sum == 150_000_000_000)
        withExtendedLifetime((head, body, idle)) {}
    }

    @Test func measuresItsTicks() throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send(Self.get)
        #expect(try client.readResponse()?.status == 200)
        let counters = server.server.counters[0]
        #expect(server.probe.wait(server.server) { _ in counters.value(.ticks) >= 2 })
        #expect(counters.tickTimes.bucketCounts.reduce(0, +) > 0 && counters.tickTimes.sum > 0)
    }

    // MARK: The time of a body

    @Test func answers408ToABufferedBodyThatTakesTooLongInAll() throws {
        let server = try TestServer(isClockFake: true) { $0.bodyTimeout = .seconds(60) }
        let client = try server.connect()
        let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        client.send(head)
        #expect(server.wait(.requests, 1))
        // Fast enough for the least rate, which is 240 bytes a second.
        for second in 1...6 {
            client.send([UInt8](repeating: 0x61, count: 4000))
            #expect(server.wait(.bytesRead, head.utf8.count + second * 4000))
            #expect(client.isSilent)
            server.clock.advance(.seconds(10))
        }
        server.clock.advance(.seconds(1))
        server.server.mailboxes[0].wake()
        #expect(try client.readResponse()?.status == 408)
        #expect(server.wait(.bodyTimeouts, 1))
    }

    @Test func letsAStreamedBodyTakeItsTime() throws {
        let server = try TestServer(isClockFake: true) { $0.bodyTimeout = .seconds(60) }
        let client = try server.connect()
        client.send("PUT /sink HTTP/1.1\r\nHost: x\r\nContent-Length: 80000\r\n\r\n")
        #expect(server.wait(.requests, 1))
        for part in 1...20 {
            client.send([UInt8](repeating: 0x61, count: 4000))
            #expect(server.probe.wait(server.server) { $0.bodyBytes == part * 4000 })
            server.clock.advance(.seconds(10))
        }
        #expect(try client.readResponse()?.body == "done")
    }
}
