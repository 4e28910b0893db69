import Testing

@testable import EventLoop

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", ListenAddress.tcp(host: "127.0.0.1", port: 8080)),
        ("[::1]:0", .tcp(host: "::1", port: 0)),
        ("localhost:65535", .tcp(host: "localhost", port: 65535)),
        ("unix:/run/vencejo.sock", .unix(path: "/run/vencejo.sock")),
        ("unix:relative name", .unix(path: "relative name")),
        ("unix:a:1", .unix(path: "a:1")),
    ])
    func readsAddresses(text: String, address: ListenAddress) throws {
        #expect(try ListenAddress(text) == address)
        #expect(try ListenAddress("\(address)") == address)
    }

    @Test(arguments: [
        "", "8080", ":8080", "host", "host:", "host:-1", "host:+1", "host:65536", "host:080800", "host: 80", "::1:80",
        "[::1]", "[]:80", "unix:", "unix:a\0b", "unix:" + String(repeating: "a", count: 108), "host:８０",
    ])
    func refusesOthers(text: String) {
        #expect(throws: ListenAddress.Malformed.self) { try ListenAddress(text) }
    }

    @Test func tellsHowLongAPathMayBe() throws {
        let error = #expect(throws: ListenAddress.Malformed.self) {
            try ListenAddress("unix:/" + String(repeating: "é", count: 60))
        }
        #expect(error?.found == "a path of 121 bytes")
        #expect(error?.expected.hasPrefix("at most 107") == true)
        _ = try ListenAddress("unix:" + String(repeating: "a", count: 107))
    }
}
