import EventLoop
import Testing

@testable import HTTPCore
@testable import HTTPServer

/// Clients that end their direction while answers are due: those that wait, and those that are gone.
@Suite struct HalfCloseTests {
    private static let hold = "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"

    private func answerHeld(_ server: TestServer) {
        for exchange in server.probe.get({ $0.waiting }) {
            server.server.mailboxes[0].answer(exchange, .ok, .plainText, body: Array("held".utf8))
        }
    }

    @Test(arguments: [1, 3]) func answersARequestThatTakesItsTime(count: Int) throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send(String(repeating: Self.hold, count: count))
        client.halfClose()
        #expect(server.probe.wait(server.server) { $0.waiting.count == count })
        // The loop has seen the end, and has asked.
        let asked = try client.readSome()
        #expect(String(decoding: asked, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
        answerHeld(server)
        #expect(RawConformanceTests.heads(try client.readToEnd()) == [Int](repeating: 200, count: count))
        #expect(server.probe.get { $0.cancelled.isEmpty })
        #expect(server.wait(.open, 0))
    }

    @Test func answersTheLastRequestOfAConnectionToo() throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send("GET /hold HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        client.halfClose()
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        _ = try client.readSome()
        answerHeld(server)
        #expect(RawConformanceTests.heads(try client.readToEnd()) == [200])
    }

    @Test(arguments: [false, true]) func dropsTheRequestsOfAClientThatHasClosed(isReset: Bool) throws {
        let server = try TestServer()
        var client: TestClient? = try server.connect()
        client?.send(Self.hold + Self.hold)
        #expect(server.probe.wait(server.server) { $0.waiting.count == 2 })
        if isReset { client?.reset() }
        client = nil
        #expect(server.wait(.abandoned, 2))
        #expect(server.probe.get { $0.cancelled.count } == 2)
        #expect(server.wait(.open, 0))
    }

    @Test func dropsTheRequestOfAClientThatHalfClosesAndThenCloses() throws {
        let server = try TestServer()
        var client: TestClient? = try server.connect()
        client?.send(Self.hold)
        client?.halfClose()
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        _ = try client?.readSome()
        // It closes with what it has not read: the kernel tells that by a reset.
        client?.reset()
        client = nil
        #expect(server.wait(.abandoned, 1))
        #expect(server.wait(.open, 0))
    }

    @Test func takesAClientOfHTTP10ForGone() throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send("GET /hold HTTP/1.0\r\n\r\n")
        #expect(server.probe.wait(server.server) { $0.waiting.count == 1 })
        client.halfClose()
        // It knows no interim answer by which it could be asked.
        #expect(try client.readToEnd().isEmpty)
        #expect(server.wait(.abandoned, 1))
    }

    @Test func dropsARequestThatIsCutOff() throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send(Self.hold + "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nonly this")
        client.halfClose()
        #expect(try client.readToEnd().isEmpty)
        #expect(server.wait(.abandoned, 2))
    }
}
