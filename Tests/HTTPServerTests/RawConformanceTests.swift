import Testing

@testable import HTTPServer

/// Bytes on a real connection, one each: what comes back, and whether the server closes.
@Suite struct RawConformanceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let row: String
        let bytes: String
        let statuses: [Int]
        var testDescription: String { row }
    }

    private static let start = "POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\n"
    private static let second = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"

    /// Behind a refusal a complete request follows in the same write: it must not be answered.
    private static func refusal(_ row: String, _ fields: String, _ status: Int = 400) -> Case {
        Case(
            row: "\(row) \(fields.prefix(60).debugDescription)", bytes: start + fields + "\r\n\r\n" + second,
            statuses: [status])
    }

    static let cases: [Case] =
        [
            refusal("1", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
            refusal("2", "Content-Length: 5\r\nContent-Length: 6"),
            refusal("3", "Content-Length: 5, 5"),
            refusal("3", "Content-Length: 5\r\nContent-Length: 5"),
        ]
        + ["+5", "-5", "0x5", "5_0", "5 5", "", "12345678901234567890"].map { refusal("4", "Content-Length: \($0)") }
        + [
            ("xchunked", 501), ("chunked, identity", 400), ("identity", 501), ("gzip, chunked", 400),
            ("chunked, chunked", 400), ("\u{0B}chunked", 400), ("\"chunked\"", 400),
        ].map { refusal("5", "Transfer-Encoding: \($0.0)", $0.1) }
        + [
            refusal("6", "Transfer-Encoding : chunked"), refusal("6", " Transfer-Encoding: chunked"),
            refusal("6", "Transfer-Encoding:\n chunked"),
            refusal("7", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
            Case(
                row: "8", bytes: "POST /v2 HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
                statuses: [400]),
            refusal("9", "X: a\nY: b"), refusal("9", "X: a\rb"), refusal("9", "X: a\0b"), refusal("9", "X\0: a"),
        ]
        + [
            ("5;ext\r\nhello\r\n0\r\n\r\n", true), ("05\r\nhello\r\n0\r\n\r\n", true),
            ("5 \r\nhello\r\n0\r\n\r\n", false),
            ("5\nhello\r\n0\r\n\r\n", false), ("g\r\nhello\r\n0\r\n\r\n", false), ("-1\r\nhello\r\n0\r\n\r\n", false),
            ("ffffffffffffffffff\r\nhello\r\n0\r\n\r\n", false), ("5\r\nhello0\r\n\r\n", false),
            ("5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n", true),
            ("5\r\nhello\r\n0\r\nTransfer-Encoding: x\r\n\r\n", true),
        ].map {
            Case(
                row: "10, 11 \($0.0.debugDescription)",
                bytes: start + "Transfer-Encoding: chunked\r\n\r\n" + $0.0 + closing,
                statuses: $0.1 ? [200, 200] : [400])
        }
        + ["", "Host: a\r\nHost: a\r\n", "Host: a b\r\n", "Host: a,b\r\n"].map {
            Case(row: "12 \($0.debugDescription)", bytes: "GET /v2 HTTP/1.1\r\n\($0)\r\n" + second, statuses: [400])
        }
        + [
            ("GET http://other/v2 HTTP/1.1", [200, 200]), ("GET * HTTP/1.1", [400]), ("GET  /v2 HTTP/1.1", [400]),
            ("GET /v2 HTTP/1.1 ", [400]), ("GET /v2 HTTP/2.0", [505]), ("get /v2 HTTP/1.1", [501]),
        ].map { Case(row: "13 \($0.0)", bytes: "\($0.0)\r\nHost: x\r\n\r\n" + closing, statuses: $0.1) }
        + [
            Case(
                row: "14", bytes: "GET /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET " + closing,
                statuses: [200, 200]),
            Case(row: "15 two in one write", bytes: second + closing, statuses: [200, 200]),
            refusal("16", String(repeating: "X: y\r\n", count: 200) + "Z: z", 431),
            refusal("16", "X: " + String(repeating: "y", count: 100_000), 431),
            Case(
                row: "16 target",
                bytes: "GET /" + String(repeating: "y", count: 20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n" + second,
                statuses: [414]),
            refusal("17", "Content-Length: 10000000\r\nExpect: 100-continue", 413),
            refusal("17", "Expect: foo\r\nContent-Length: 2", 417),
            Case(
                row: "18",
                bytes: start + "Inference-Header-Content-Length: 2\r\nContent-Length: 5\r\n\r\nhello" + closing,
                statuses: [200, 200]),
            Case(
                row: "19",
                bytes: "GET /v2 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                    + "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n" + closing, statuses: [200, 200]),
        ]

    private static let closing = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    @Test(arguments: cases) func answersOnceAndCloses(_ test: Case) throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send(test.bytes)
        let text = try client.readToEnd()
        // The end and not a reset: the peer has read the answer.
        #expect(!client.wasReset)
        // Bodies may follow the status line without a line's end between: count heads by their first words.
        #expect(Self.heads(text) == test.statuses)
        #expect(text.split(separator: "\r\n").contains("Connection: close"))
        client.halfClose()
        #expect(server.wait(.open, 0))
    }

    @Test(arguments: cases.filter { $0.bytes.utf8.count < 400 }) func answersAlikeByteByByte(_ test: Case) throws {
        let server = try TestServer()
        let client = try server.connect()
        for byte in test.bytes.utf8 { client.send([byte]) }
        #expect(Self.heads(try client.readToEnd()) == test.statuses)
    }

    @Test func continuesAndThenAnswers() throws {
        let server = try TestServer()
        let client = try server.connect()
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readResponse()?.status == 100)
        client.send("hello")
        let response = try client.readResponse()
        #expect(response?.status == 200 && response?.body == "hello")
    }

    /// Statuses of all heads, wherever they begin.
    static func heads(_ text: String) -> [Int] {
        var found: [Int] = []
        let bytes = Array(text.utf8)
        let mark = Array("HTTP/1.1 ".utf8)
        var index = 0
        while index + mark.count + 3 <= bytes.count {
            if bytes[index] == mark[0], Array(bytes[index..<index + mark.count]) == mark {
                // A problem's detail may name the version, too.
                if let status = Int(String(decoding: bytes[index + 9..<index + 12], as: UTF8.self)) {
                    found.append(status)
                }
                index += 12
            } else {
                index += 1
            }
        }
        return found
    }
}
