import EventLoop
import Glibc
import HTTPCore
import Testing

@testable import HTTPServer

/// A path for one test's socket, which is gone when the server has stopped.
private func socketPath(_ name: String = #function) -> String {
    "/tmp/vencejo-\(getpid())-\(name.prefix { $0 != "(" }.suffix(40))"
}

@Suite struct ListenerTests {
    private static let request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test func answersOnEveryAddress() throws {
        let path = socketPath()
        let server = try TestServer {
            $0.loopCount = 2
            $0.addresses = [.tcp(host: "127.0.0.1", port: 0), .unix(path: path), .tcp(host: "::1", port: 0)]
        }
        #expect(server.server.boundAddresses.count == 3 && server.server.boundPort > 0)
        var clients: [TestClient] = []
        for address in server.server.boundAddresses {
            for _ in 0..<2 {
                let client = try TestClient(address: address)
                client.send(Self.request)
                #expect(try client.readResponse()?.body == "GET /a")
                clients.append(client)
            }
        }
        #expect(server.wait(.open, 6))
        #expect(server.server.counters.map { $0.value(.open) } == [3, 3])
    }

    @Test func drainsEveryListener() throws {
        let path = socketPath()
        let server = try TestServer { $0.addresses = [.unix(path: path), .tcp(host: "127.0.0.1", port: 0)] }
        let addresses = server.server.boundAddresses
        let idle = try addresses.map { try TestClient(address: $0) }
        for client in idle {
            client.send(Self.request)
            #expect(try client.readResponse()?.status == 200)
        }
        server.server.beginDrain(deadline: .seconds(60))
        for client in idle { #expect(try client.readToEnd().isEmpty) }
        server.server.waitUntilStopped()
        for address in addresses { #expect(throws: TestClient.ClientError.self) { try TestClient(address: address) } }
        #expect(unsafe access(path, F_OK) != 0, "the socket's file is gone")
    }

    @Test func answersAHalfClosedClientOnASocketFile() throws {
        let path = socketPath()
        let server = try TestServer { $0.addresses = [.unix(path: path)] }
        #expect(server.server.boundPort == 0)
        let client = try TestClient(address: .unix(path: path))
        client.send(String(repeating: "GET /tick HTTP/1.1\r\nHost: x\r\n\r\n", count: 100))
        client.halfClose()
        #expect(RawConformanceTests.heads(try client.readToEnd()).count == 100)
    }

    @Test func refusesTooManyAddresses() {
        var configuration = HTTPServerConfiguration()
        configuration.addresses = Array(repeating: .tcp(host: "127.0.0.1", port: 0), count: 17)
        #expect(throws: HTTPServerError.badConfiguration("addresses: 17, expected at most 16")) {
            try HTTPServer(configuration) { _ in TestHandler(Probe()) }
        }
    }

    @Test func givesBackTheFirstAddressWhereTheSecondCannotBe() throws {
        let path = socketPath()
        var configuration = HTTPServerConfiguration()
        configuration.addresses = [.unix(path: path), .tcp(host: "192.0.2.1", port: 0)]
        #expect(throws: HTTPServerError.self) { try HTTPServer(configuration) { _ in TestHandler(Probe()) } }
        #expect(unsafe access(path, F_OK) != 0)
    }
}
