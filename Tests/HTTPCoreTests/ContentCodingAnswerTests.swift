import Compression
import Testing

@testable import HTTPCore

@Suite struct ContentCodingAnswerTests {
    private static let text = "[" + (0..<500).map { "{\"row\": \($0)}" }.joined(separator: ", ") + "]"

    private static func get(_ accept: String?, method: String = "GET", version: String = "1.1") -> String {
        let field = accept.map { "Accept-Encoding: \($0)\r\n" } ?? ""
        return "\(method) / HTTP/\(version)\r\nHost: x\r\n\(field)\r\n"
    }

    private static func driver(
        _ text: String = text, _ fields: ResponseFields = .json, _ status: HTTPStatus = .ok,
        limits: HTTPLimits = HTTPLimits()
    ) -> ConnectionDriver {
        let driver = ConnectionDriver(limits: limits)
        driver.complete = { driver, stream in
            let body = Array(text.utf8)
            driver.connection.respond(stream, status, fields, body: body.span, context: &driver.context)
        }
        return driver
    }

    @Test(arguments: [("gzip, deflate", "gzip"), ("x-gzip", "gzip"), ("deflate", "deflate"), ("*", "gzip")])
    func codesALongAnswer(_ accept: String, _ coding: String) {
        let driver = Self.driver()
        driver.feed(Self.get(accept) + Self.get(accept))
        let answers = driver.takeAnswers()
        #expect(answers.count == 2)
        for answer in answers {
            #expect(answer.value(of: "Content-Encoding") == coding)
            #expect(answer.value(of: "Vary") == "Accept-Encoding")
            #expect(answer.body.count < Self.text.utf8.count / 2)
            #expect(Coded.text(answer.body) == Self.text)
            #expect(answer.body.first == (coding == "gzip" ? 0x1F : 0x78))
        }
    }

    @Test(arguments: [nil, "", "br", "identity", "gzip;q=0"]) func tellsCachesWhereOthersWouldGetItCoded(
        _ accept: String?
    ) {
        let driver = Self.driver()
        driver.feed(Self.get(accept))
        let answer = driver.takeAnswers()[0]
        #expect(answer.value(of: "Content-Encoding") == nil && answer.value(of: "Vary") == "Accept-Encoding")
        #expect(answer.text == Self.text)
    }

    @Test func leavesShortAnswersAlone() {
        for (length, isCoded) in [(1023, false), (1024, true)] {
            let driver = Self.driver(String(repeating: "a", count: length))
            driver.feed(Self.get("gzip"))
            let answer = driver.takeAnswers()[0]
            #expect((answer.value(of: "Content-Encoding") != nil) == isCoded)
            #expect((answer.value(of: "Vary") != nil) == isCoded)
        }
    }

    @Test func canBeSwitchedOffAndIsBounded() {
        var limits = HTTPLimits()
        limits.compressedAnswerBytesMin = .max
        let off = Self.driver(limits: limits)
        off.feed(Self.get("gzip"))
        #expect(off.takeAnswers()[0].fields.count == 3)
        limits.compressedAnswerBytesMin = 100
        limits.compressedAnswerBytesMax = Self.text.utf8.count - 1
        let bounded = Self.driver(limits: limits)
        bounded.feed(Self.get("gzip"))
        #expect(bounded.takeAnswers()[0].fields.count == 3)
    }

    @Test(arguments: [
        ResponseFields([("Content-Type", "application/octet-stream")]), .none,
        .json.adding([("ETag", "\"7-1\"")]), .json.adding([("Content-Encoding", "br")]),
    ]) func leavesAloneWhatIsNotText(_ fields: ResponseFields) {
        let driver = Self.driver(Self.text, fields)
        driver.feed(Self.get("gzip"))
        let answer = driver.takeAnswers()[0]
        #expect(answer.text == Self.text && answer.value(of: "Vary") == nil)
    }

    @Test func sendsAsItIsWhatDoesNotGetShorter() {
        // Every byte as often as any other.
        let driver = ConnectionDriver()
        driver.complete = { driver, stream in
            var seed: UInt32 = 1
            let body = (0..<2000).map { _ -> UInt8 in
                seed = seed &* 1_664_525 &+ 1_013_904_223
                return UInt8(truncatingIfNeeded: seed >> 24)
            }
            driver.connection.respond(stream, .ok, .plainText, body: body.span, context: &driver.context)
        }
        driver.feed(Self.get("gzip"))
        let answer = driver.takeAnswers()[0]
        #expect(answer.body.count == 2000 && answer.value(of: "Content-Encoding") == nil)
        #expect(answer.value(of: "Vary") == "Accept-Encoding")
    }

    @Test func addsToAVaryThatIsThere() {
        for (vary, count) in [("Origin", 2), ("*", 1), ("Origin, accept-encoding", 1)] {
            let driver = Self.driver(Self.text, .json.adding([("Vary", vary)]))
            driver.feed(Self.get("gzip"))
            let answer = driver.takeAnswers()[0]
            #expect(answer.fields.filter { $0.hasPrefix("Vary") }.count == count)
            #expect(answer.value(of: "Content-Encoding") == "gzip")
        }
    }

    @Test func mirrorsGETForHEAD() {
        let driver = Self.driver()
        driver.feed(Self.get("gzip"))
        let whole = driver.takeAnswers()
        #expect(whole[0].value(of: "Content-Encoding") == "gzip")
        driver.feed(Self.get("gzip", method: "HEAD"))
        let head = driver.takeAnswers(isHead: true)[0]
        #expect(head.fields == whole[0].fields)
    }

    @Test(arguments: [HTTPStatus.noContent, HTTPStatus(rawValue: 304)]) func saysNothingWhereThereIsNoBody(
        _ status: HTTPStatus
    ) {
        let driver = Self.driver(Self.text, .json, status)
        driver.feed(Self.get("gzip"))
        #expect(!driver.takeOutput().contains(text: "Content-Encoding"))
    }

    @Test func codesErrorsAndAnswersWithoutBodyToo() {
        let driver = ConnectionDriver()
        let body = Array(Self.text.utf8)
        driver.mode = { _ in .answered(.notFound, .problem, body) }
        driver.feed(Self.get("gzip"))
        let answer = driver.takeAnswers()[0]
        #expect(answer.status == 404 && Coded.text(answer.body) == Self.text)
    }

    @Test func keepsTheOrderOfPipelinedAnswers() {
        let driver = ConnectionDriver()
        var waiting: [UInt32] = []
        driver.complete = { waiting.append($1) }
        let accepts = ["gzip", nil, "deflate", "br", "gzip;q=0.5, deflate"]
        driver.feed(accepts.map { Self.get($0) }.joined())
        let body = Array(Self.text.utf8)
        for stream in waiting.reversed() {
            driver.connection.respond(stream, .ok, .json, body: body.span, context: &driver.context)
        }
        let answers = driver.takeAnswers()
        #expect(answers.map { $0.value(of: "Content-Encoding") } == ["gzip", nil, "deflate", nil, "deflate"])
        for answer in answers { #expect((Coded.text(answer.body) ?? answer.text) == Self.text) }
    }

    // MARK: Piece by piece

    @Test(arguments: [false, true]) func codesAnAnswerPieceByPiece(_ isOutOfTurn: Bool) throws {
        let driver = ConnectionDriver()
        driver.complete = { _, _ in }
        driver.feed(Self.get("gzip") + Self.get("gzip"))
        let stream: UInt32 = isOutOfTurn ? 1 : 0
        driver.connection.start(stream, .ok, .json, bodyBytes: nil, context: &driver.context)
        #expect(driver.send(stream, Array("first ".utf8)) && driver.send(stream, []))
        if !isOutOfTurn {
            // The client can read it now, before the answer has ended.
            let output = Array(driver.connection.output.bytes.text.utf8)
            #expect(output.count > 0 && driver.sendableBytes > 0)
        }
        #expect(driver.send(stream, Array(Self.text.utf8)) && driver.send(stream, Array("last".utf8)))
        driver.connection.end(stream, trailers: nil, context: &driver.context)
        driver.respond(1 - stream, 200, "other")
        let answers = driver.takeAnswers()
        let answer = answers[Int(stream)]
        #expect(answer.value(of: "Content-Encoding") == "gzip" && answer.value(of: "Transfer-Encoding") == "chunked")
        #expect(answer.value(of: "Vary") == "Accept-Encoding" && answer.value(of: "Content-Length") == nil)
        #expect(Coded.text(answer.body) == "first " + Self.text + "last")
        #expect(answers[Int(1 - stream)].text == "other")
    }

    @Test func endsAnEmptyCodedAnswer() {
        let driver = ConnectionDriver()
        driver.complete = { driver, stream in
            driver.connection.start(stream, .ok, .json, bodyBytes: nil, context: &driver.context)
            driver.connection.end(stream, trailers: nil, context: &driver.context)
        }
        driver.feed(Self.get("deflate"))
        let answer = driver.takeAnswers()[0]
        #expect(answer.value(of: "Content-Encoding") == "deflate" && Coded.text(answer.body) == "")
    }

    @Test func keepsToAPromisedLength() {
        let driver = ConnectionDriver()
        driver.complete = { driver, stream in
            driver.connection.start(stream, .ok, .json, bodyBytes: 3, context: &driver.context)
            _ = driver.send(stream, Array("abc".utf8))
            driver.connection.end(stream, trailers: nil, context: &driver.context)
        }
        driver.feed(Self.get("gzip"))
        let answer = driver.takeAnswers()[0]
        #expect(answer.text == "abc" && answer.value(of: "Content-Encoding") == nil)
    }

    @Test func codesNothingPieceByPieceForOldOrHEADRequests() {
        for request in [Self.get("gzip", version: "1.0"), Self.get("gzip", method: "HEAD")] {
            let driver = ConnectionDriver()
            driver.complete = { driver, stream in
                driver.connection.start(stream, .ok, .json, bodyBytes: nil, context: &driver.context)
                _ = driver.send(stream, Array("abc".utf8))
                driver.connection.end(stream, trailers: nil, context: &driver.context)
            }
            driver.feed(request)
            #expect(!driver.takeOutput().contains(text: "Content-Encoding"))
        }
    }

    @Test func boundsTheEncodersAtWorkAndGetsThemBack() {
        var limits = HTTPLimits()
        limits.codedAnswersMax = 1
        let driver = ConnectionDriver(limits: limits)
        driver.complete = { _, _ in }
        driver.feed(Self.get("gzip") + Self.get("gzip"))
        for stream in [UInt32(0), 1] {
            driver.connection.start(stream, .ok, .json, bodyBytes: nil, context: &driver.context)
            _ = driver.send(stream, Array("abc".utf8))
        }
        for stream in [UInt32(0), 1] { driver.connection.end(stream, trailers: nil, context: &driver.context) }
        let answers = driver.takeAnswers()
        #expect(answers.map { $0.value(of: "Content-Encoding") } == ["gzip", nil])
        #expect(answers[1].text == "abc" && answers[1].value(of: "Vary") == "Accept-Encoding")
        driver.feed(Self.get("gzip"))
        driver.connection.start(2, .ok, .json, bodyBytes: nil, context: &driver.context)
        driver.connection.end(2, trailers: nil, context: &driver.context)
        #expect(driver.takeAnswers()[0].value(of: "Content-Encoding") == "gzip")
    }
}
