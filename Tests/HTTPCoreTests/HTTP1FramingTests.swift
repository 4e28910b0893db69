import Testing

@testable import HTTPCore

/// Requests that must be refused: one answer, `Connection: close`, nothing read behind them.
@Suite struct HTTP1FramingTests {
    static let start = "POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\n"
    static let second = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"

    static let refused: [(String, RequestFailure)] = [
        (start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello", .lengthWithCoding),
        (start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n", .lengthWithCoding),
        (start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", .repeatedLength),
        (start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", .repeatedLength),
        (start + "Content-Length: 5, 5\r\n\r\nhello", .malformedLength),
        (start + "Content-Length: +5\r\n\r\nhello", .malformedLength),
        (start + "Content-Length: -5\r\n\r\nhello", .malformedLength),
        (start + "Content-Length: 0x5\r\n\r\nhello", .malformedLength),
        (start + "Content-Length: 5_0\r\n\r\nhello", .malformedLength),
        (start + "Content-Length: 5 5\r\n\r\nhello", .malformedLength),
        (start + "Content-Length: 5,\r\n\r\nhello", .malformedLength),
        (start + "Content-Length:\r\n\r\n", .malformedLength),
        (start + "Content-Length: 00000000000000000005\r\n\r\nhello", .malformedLength),
        (start + "Content-Length: 9223372036854775808\r\n\r\n", .malformedLength),
        (start + "Content-Length: 99999999999999999999\r\n\r\n", .malformedLength),
        (start + "Transfer-Encoding: xchunked\r\n\r\n", .unknownCoding),
        (start + "Transfer-Encoding: chunked, identity\r\n\r\n", .malformedCoding),
        (start + "Transfer-Encoding: identity\r\n\r\n", .unknownCoding),
        (start + "Transfer-Encoding: gzip, chunked\r\n\r\n", .malformedCoding),
        (start + "Transfer-Encoding: chunked, chunked\r\n\r\n", .malformedCoding),
        (start + "Transfer-Encoding: chunked;foo\r\n\r\n", .malformedCoding),
        (start + "Transfer-Encoding: \u{0B}chunked\r\n\r\n", .malformedField),
        (start + "Transfer-Encoding: \"chunked\"\r\n\r\n", .malformedCoding),
        (start + "Transfer-Encoding:\r\n\r\n", .malformedCoding),
        (start + "Transfer-Encoding : chunked\r\n\r\n", .malformedField),
        (start + " Transfer-Encoding: chunked\r\n\r\n", .foldedField),
        (start + "Transfer-Encoding:\n chunked\r\n\r\n", .bareLineEnd),
        (start + "Transfer-Encoding:\r\n chunked\r\n\r\n", .malformedCoding),
        (start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", .malformedCoding),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .codingInHTTP10),
        ("POST / HTTP/1.1\r\n Host: x\r\n\r\n", .foldedField),
        (start + "X: a\n\r\n", .bareLineEnd),
        (start + "X: a\rb\r\n\r\n", .malformedField),
        (start + "X: a\0b\r\n\r\n", .malformedField),
        (start + "X: a\u{7F}b\r\n\r\n", .malformedField),
        (start + "X\0: a\r\n\r\n", .malformedField),
        (start + "X y: a\r\n\r\n", .malformedField),
        (start + "no colon\r\n\r\n", .malformedField),
        (start + ": a\r\n\r\n", .malformedField),
        (start + "Content\rLength: 5\r\n\r\nhello", .malformedField),
        ("GET / HTTP/1.1\r\n\r\n", .missingHost),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .malformedHost),
        ("GET * HTTP/1.1\r\nHost: x\r\n\r\n", .malformedTarget),
        ("GET  /v2 HTTP/1.1\r\nHost: x\r\n\r\n", .malformedRequestLine),
        ("GET /v2 HTTP/1.1 \r\nHost: x\r\n\r\n", .malformedRequestLine),
        ("GET /v2\r\nHost: x\r\n\r\n", .malformedRequestLine),
        (" GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n", .malformedRequestLine),
        ("GET /v2 HTTP/2.0\r\nHost: x\r\n\r\n", .unsupportedVersion),
        ("GET /v2 HTTP/0.9\r\nHost: x\r\n\r\n", .unsupportedVersion),
        ("GET /v2 HTTP/11\r\nHost: x\r\n\r\n", .malformedRequestLine),
        ("GET /v2 http/1.1\r\nHost: x\r\n\r\n", .malformedRequestLine),
        ("GET /v2 HTTP/1.x\r\nHost: x\r\n\r\n", .malformedRequestLine),
        ("get /v2 HTTP/1.1\r\nHost: x\r\n\r\n", .unknownMethod),
        ("PROPFINDERS /v2 HTTP/1.1\r\nHost: x\r\n\r\n", .unknownMethod),
        ("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", .unknownMethod),
        ("G@T /v2 HTTP/1.1\r\nHost: x\r\n\r\n", .malformedRequestLine),
        ("GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", .malformedTarget),
        ("GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n", .malformedTarget),
        ("GET /\u{E4} HTTP/1.1\r\nHost: x\r\n\r\n", .malformedTarget),
        ("GET v2 HTTP/1.1\r\nHost: x\r\n\r\n", .malformedTarget),
        ("GET http:///v2 HTTP/1.1\r\nHost: x\r\n\r\n", .malformedTarget),
        ("GET ftp://x/v2 HTTP/1.1\r\nHost: x\r\n\r\n", .malformedTarget),
        ("GET /v2 HTTP/1.1\nHost: x\r\n\r\n", .bareLineEnd),
        ("\nGET /v2 HTTP/1.1\r\nHost: x\r\n\r\n", .bareLineEnd),
        ("\rGET /v2 HTTP/1.1\r\nHost: x\r\n\r\n", .malformedRequestLine),
        ("\r\n\r\n\r\n\r\n\r\nGET /v2 HTTP/1.1\r\nHost: x\r\n\r\n", .malformedRequestLine),
        (start + "Expect: foo\r\nContent-Length: 2\r\n\r\nhi", .unknownExpectation),
        (start + String(repeating: "X: y\r\n", count: 200) + "\r\n", .tooManyFields),
        (start + "X: " + String(repeating: "y", count: 100_000) + "\r\n\r\n", .headTooLarge),
        ("GET /" + String(repeating: "y", count: 20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", .targetTooLong),
        ("GET /" + String(repeating: "y", count: 8192) + " HTTP/1.1\r\nHost: x\r\n\r\n", .targetTooLong),
    ]

    /// The same for chunked bodies, behind a head that is right.
    static let refusedChunks: [(String, RequestFailure)] = [
        ("5 \r\nhello\r\n0\r\n\r\n", .malformedChunk),
        ("5\nhello\r\n0\r\n\r\n", .malformedChunk),
        ("g\r\n", .malformedChunk),
        ("-1\r\n", .malformedChunk),
        ("+5\r\nhello\r\n0\r\n\r\n", .malformedChunk),
        ("0x5\r\nhello\r\n0\r\n\r\n", .malformedChunk),
        ("1_0\r\n", .malformedChunk),
        ("\r\n", .malformedChunk),
        (";ext\r\n", .malformedChunk),
        ("ffffffffffffffffff\r\n", .malformedChunk),
        ("ffffffffffffffff\r\n", .malformedChunk),
        ("00000000000000005\r\nhello\r\n0\r\n\r\n", .malformedChunk),
        ("5\r\nhello0\r\n\r\n", .malformedChunk),
        ("5\r\nhello\n0\r\n\r\n", .malformedChunk),
        ("5\r\nhello\r0\r\n\r\n", .malformedChunk),
        ("5;a\nb\r\nhello\r\n0\r\n\r\n", .malformedChunk),
        ("5;a\rb\r\nhello\r\n0\r\n\r\n", .malformedChunk),
        ("5;" + String(repeating: "e", count: 5000) + "\r\nhello\r\n0\r\n\r\n", .chunkExtensionsTooLong),
        ("0\r\nX : y\r\n\r\n", .malformedTrailer),
        ("0\r\n X: y\r\n\r\n", .malformedTrailer),
        ("0\r\nX: y\n\r\n", .malformedTrailer),
        ("0\r\nX\r\n\r\n", .malformedTrailer),
        ("0\r\n" + String(repeating: "X: y\r\n", count: 101) + "\r\n", .trailersTooLarge),
        ("0\r\nX: " + String(repeating: "y", count: 20_000) + "\r\n\r\n", .trailersTooLarge),
    ]

    @Test(arguments: refused) func refusesWhatIsInDoubtOnceAndReadsNoFurther(_ text: String, _ failure: RequestFailure)
    {
        let driver = ConnectionDriver()
        driver.feed(text + Self.second)
        #expect(driver.failure == failure)
        expectRefusal(driver, failure)
        #expect(driver.events.isEmpty)
    }

    @Test(arguments: refusedChunks) func refusesAMalformedChunkedBody(_ text: String, _ failure: RequestFailure) {
        let driver = ConnectionDriver()
        driver.feed(Self.start + "Transfer-Encoding: chunked\r\n\r\n" + text + Self.second)
        #expect(driver.failure == failure)
        expectRefusal(driver, failure)
        #expect(driver.events == ["head 0 POST /v2/models/m/infer", "cancelled 0"])
    }

    private func expectRefusal(_ driver: ConnectionDriver, _ failure: RequestFailure) {
        #expect(driver.isFinished && driver.isDone && driver.lingers)
        let output = driver.takeOutput()
        #expect(ConnectionDriver.statuses(output) == [Int(failure.status.rawValue)])
        #expect(output.contains(text: "\r\nConnection: close\r\n"))
        #expect(output.contains(text: "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
        #expect(output.contains(text: "Content-Type: application/problem+json"))
        #expect(output.contains(text: "\"status\":\(failure.status.rawValue)"))
    }

    @Test(arguments: refused.map(\.0).filter { $0.utf8.count < 400 })
    func refusesAlikeHoweverTheBytesAreCut(_ text: String) {
        expectSameForAllCuts(text + Self.second)
    }

    @Test(arguments: refusedChunks.map(\.0).filter { $0.utf8.count < 400 })
    func refusesChunksAlikeHoweverTheBytesAreCut(_ text: String) {
        expectSameForAllCuts(Self.start + "Transfer-Encoding: chunked\r\n\r\n" + text + Self.second)
    }

    @Test(arguments: RequestFailure.allCases) func everyFailureHasAStatusAndASentence(_ failure: RequestFailure) {
        #expect((400...599).contains(failure.status.rawValue))
        #expect(!failure.detail.isEmpty)
    }

    @Test(arguments: [
        ("5;ext\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5;a=\"b\"\r\nhello\r\n0;x\r\n\r\n", "hello"),
        ("05\r\nhello\r\n0\r\n\r\n", "hello"),
        ("0000000000000005\r\nhello\r\n00\r\n\r\n", "hello"),
        ("A\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n", "0123456789!"),
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\nContent-Length: 3\r\nTransfer-Encoding: x\r\nHost: y\r\n\r\n", "hello"),
    ])
    func readsChunkedBodies(_ text: String, _ body: String) {
        let whole = Self.start + "Transfer-Encoding: Chunked\r\n\r\n" + text + Self.second
        let driver = ConnectionDriver()
        driver.feed(whole)
        #expect(
            driver.events == [
                "head 0 POST /v2/models/m/infer", "body 0 \(body)", "head 1 GET /health/live", "body 1 ",
            ])
        #expect(driver.takeStatuses() == [200, 200])
        expectSameForAllCuts(whole)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET http://other:80/v2 HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /?a#b=c HTTP/1.0\r\n\r\n".components(separatedBy: "#").joined(),
        "GET / HTTP/1.2\r\nHost: [::1]:80\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET GET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nhOsT: x\r\ncontent-LENGTH:   3  \r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nInference-Header-Content-Length: 9\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0009223372\r\nExpect: 100-Continue\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Close\r\nContent-Length: 3\r\n\r\nabcdef",
    ])
    func readsAlikeHoweverTheBytesAreCut(_ text: String) {
        let driver = ConnectionDriver()
        driver.mode = { _ in .buffered(bytesMax: 1 << 30) }
        driver.feed(text)
        #expect(driver.events.first?.hasPrefix("head 0") == true)
        #expect(driver.failure == nil)
        expectSameForAllCuts(text)
    }

    /// Beginnings that are wrong but whose line has not ended: judged when it does, not sooner in one way of cutting.
    @Test(arguments: ["\rString", "G@T", "GET / HTTP/1.1\r\nX y: z", "\r\n\r", "GET / HTTP/1.1\r\nHost: x\r\n\rX"])
    func waitsAlikeHoweverTheBytesAreCut(_ text: String) {
        let driver = ConnectionDriver()
        driver.feed(text)
        #expect(!driver.isFinished)
        expectSameForAllCuts(text)
    }

    /// Whole, byte by byte, and in two at each place: the same in the end.
    private func expectSameForAllCuts(_ text: String, _ location: SourceLocation = #_sourceLocation) {
        let bytes = Array(text.utf8)
        let makeDriver = {
            let driver = ConnectionDriver()
            // What is written between two cuts must not depend on whether a body had begun to arrive.
            driver.mode = { head in head.expectsContinue ? .answered(.ok, .none, []) : .buffered(bytesMax: 1 << 30) }
            return driver
        }
        let whole = makeDriver()
        whole.feed(bytes)
        let expected = whole.observation
        let single = makeDriver()
        for byte in bytes { single.feed([byte]) }
        #expect(single.observation == expected, "byte by byte", sourceLocation: location)
        for cut in 1..<max(2, bytes.count) {
            let driver = makeDriver()
            driver.feed(Array(bytes[..<cut]))
            driver.feed(Array(bytes[cut...]))
            #expect(driver.observation == expected, "cut at \(cut)", sourceLocation: location)
        }
    }
}
