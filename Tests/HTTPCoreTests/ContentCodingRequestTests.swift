import Compression
import Testing

@testable import HTTPCore

@Suite struct ContentCodingRequestTests {
    private static let text = (0..<400).map { "{\"row\": \($0), \"value\": \($0 * 7919 % 1000)}" }.joined(
        separator: ",")

    @Test(arguments: [
        (Coded.helloGzip, "gzip"), (Coded.helloGzip, "x-gzip"), (Coded.helloZlib, "deflate"),
        (Coded.helloRaw, "deflate"),
        (Coded.helloGzip, "identity, gzip"), (Coded.helloGzip + Coded.helloGzip, "gzip"),
    ]) func decodesWholeByteByByteAndAtEachSplit(_ body: [UInt8], _ coding: String) {
        let expected = body.count > 50 ? Coded.hello + Coded.hello : Coded.hello
        for chunks in [nil, 1, 7, 1000] {
            for isStreamed in [false, true] {
                let wire =
                    Coded.request(body, coding, chunks: chunks) + Array("GET /next HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
                func run(_ pieces: [[UInt8]]) -> [String] {
                    let driver = ConnectionDriver()
                    if isStreamed { driver.mode = { _ in .streamed(windowBytes: 5) } }
                    for piece in pieces { driver.feed(piece) }
                    #expect(driver.context.gatheredBytes == 0)
                    return driver.observation
                }
                let whole = run([wire])
                #expect(whole.contains("body 0 \(expected)") && whole.contains("body 1 "))
                #expect(run(wire.map { [$0] }) == whole)
                for split in 1..<wire.count { #expect(run([Array(wire[..<split]), Array(wire[split...])]) == whole) }
            }
        }
    }

    @Test func decodesPipelinedBodiesOfAllKinds() {
        let driver = ConnectionDriver()
        var wire: [UInt8] = []
        for index in 0..<60 {
            let text = "request \(index) " + Self.text.prefix(index * 37)
            switch index % 4 {
            case 0: wire += Coded.request(Coded.gzip(text))
            case 1: wire += Coded.request(Coded.code(Array(text.utf8), .zlib), "deflate", chunks: 11)
            case 2: wire += Coded.request(Array(text.utf8), nil)
            default: wire += Coded.request(Coded.code(Array(text.utf8), .none), "deflate")
            }
        }
        driver.feed(wire)
        #expect(driver.takeStatuses() == [Int](repeating: 200, count: 60))
        for index in 0..<60 { #expect(driver.bodies[index] == "request \(index) " + Self.text.prefix(index * 37)) }
    }

    @Test(arguments: [9, 10, 11], [nil, 3]) func holdsTheBoundOfDecodedBytesExactly(_ length: Int, _ chunks: Int?) {
        for level in [Int32(1), 9] {
            let driver = ConnectionDriver()
            driver.mode = { _ in .buffered(bytesMax: 10) }
            let text = String(repeating: "b", count: length)
            driver.feed(Coded.request(Coded.code(Array(text.utf8), level: level), chunks: chunks))
            #expect(driver.takeStatuses() == [length > 10 ? 413 : 200])
            #expect(driver.events.last == (length > 10 ? "cancelled 0" : "body 0 \(text)"))
            #expect(driver.context.gatheredBytes == 0)
        }
    }

    @Test func takesABodyThatIsLongerCodedThanItsBound() {
        let driver = ConnectionDriver()
        let noise = Coded.noise(10)
        let coded = Coded.code(noise)
        driver.mode = { _ in .buffered(bytesMax: 10) }
        driver.feed(Coded.request(coded))
        #expect(coded.count > 10 && driver.takeStatuses() == [200])
    }

    @Test func refusesACodedBodyThatCannotBeWithinItsBoundBeforeReadingIt() {
        let driver = ConnectionDriver()
        driver.feed("POST /p HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 9000000000\r\n\r\n")
        #expect(driver.takeStatuses() == [413])
        #expect(driver.events.last == "cancelled 0" && driver.isDone && driver.lingers)
    }

    @Test(arguments: [nil, 1000], [false, true]) func stopsABombByItsRatio(_ chunks: Int?, _ isStreamed: Bool) {
        let bomb = Coded.code([UInt8](repeating: 0x20, count: 16 << 20), level: 9)
        #expect(bomb.count < 17_000)
        for pieceBytes in [1, 1000, Int.max] {
            let driver = ConnectionDriver()
            driver.mode = { _ in isStreamed ? .streamed(windowBytes: 1 << 20) : .buffered(bytesMax: 64 << 20) }
            var rest = Coded.request(bomb, chunks: chunks)[...]
            while !rest.isEmpty, !driver.events.contains("cancelled 0") {
                driver.feed(Array(rest.prefix(pieceBytes)))
                rest = rest.dropFirst(pieceBytes)
                #expect(driver.context.gatheredBytes <= 2 << 20)
            }
            let answers = driver.takeAnswers()
            #expect(answers.map(\.status) == [413])
            #expect(answers.first?.text.contains(text: "grows more when it is decoded") == true)
            #expect(driver.context.gatheredBytes == 0)
            #expect(driver.bodies[0, default: ""].utf8.count <= (1 << 20) + (64 << 10))
        }
    }

    @Test func letsSmallBodiesGrowAtAnyRatioAndLargeOnesUpToIt() {
        let driver = ConnectionDriver()
        driver.mode = { _ in .buffered(bytesMax: 8 << 20) }
        driver.feed(Coded.request(Coded.code([UInt8](repeating: 0x20, count: 1 << 20), level: 9)))
        #expect(driver.takeStatuses() == [200])
        driver.feed(Coded.request(Coded.code(Coded.noise(3 << 20))))
        #expect(driver.takeStatuses() == [200])
        #expect(driver.bodies[0]?.utf8.count == 1 << 20 && driver.bodies[1]?.utf8.count == 3 << 20)
    }

    @Test func staysAtTheBoundHoweverFarABodyWouldGrow() {
        var limits = HTTPLimits()
        limits.codedRatioMax = 100_000
        let driver = ConnectionDriver(limits: limits)
        driver.mode = { _ in .buffered(bytesMax: 100_000) }
        driver.feed(Coded.request(Coded.code([UInt8](repeating: 0, count: 16 << 20), level: 9)))
        #expect(driver.takeStatuses() == [413])
        #expect(driver.context.gatheredBytes == 0)
    }

    @Test func countsDecodedBytesInTheLoopsBound() {
        var limits = HTTPLimits()
        limits.gatheredBytesMax = 1000
        for (count, status) in [(1000, 200), (1001, 503)] {
            let driver = ConnectionDriver(limits: limits)
            driver.feed(Coded.request(Coded.gzip(String(repeating: "x", count: count))))
            let answers = driver.takeAnswers()
            #expect(answers.map(\.status) == [status])
            #expect(driver.context.gatheredBytes == 0)
        }
    }

    @Test(arguments: [nil, 5], [false, true]) func refusesABodyCutAnywhere(_ chunks: Int?, _ isStreamed: Bool) {
        for body in [Coded.helloGzip, Coded.helloZlib, Coded.helloRaw] {
            let coding = body == Coded.helloGzip ? "gzip" : "deflate"
            for length in 0..<body.count {
                let driver = ConnectionDriver()
                if isStreamed { driver.mode = { _ in .streamed(windowBytes: 100) } }
                driver.feed(Coded.request(Array(body[..<length]), coding, chunks: chunks))
                // The connection goes on: its framing was right.
                driver.feed("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
                let answers = driver.takeAnswers()
                #expect(answers.map(\.status) == [400, 200], "cut at \(length)")
                let detail = length == 0 ? "the body is empty" : "ends too early"
                #expect(answers.first?.text.contains(text: detail) == true)
                #expect(driver.events.contains("cancelled 0") && driver.context.gatheredBytes == 0)
            }
        }
    }

    @Test(arguments: [nil, 4]) func refusesAWrongChecksumOrLength(_ chunks: Int?) {
        for index in (Coded.helloGzip.count - 8)..<Coded.helloGzip.count {
            var body = Coded.helloGzip
            body[index] ^= 1
            let driver = ConnectionDriver()
            driver.feed(Coded.request(body, chunks: chunks) + Array("GET /next HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            let answers = driver.takeAnswers()
            // Of chunks nobody knows how many are still to come.
            #expect(answers.map(\.status) == (chunks == nil ? [400, 200] : [400]))
            #expect(answers.first?.text.contains(text: "it is damaged") == true)
        }
    }

    @Test(arguments: [
        ("gzip", Array("{\"x\": 1}".utf8)), ("deflate", Array("{\"x\": 1}".utf8)), ("gzip", Coded.helloZlib),
        ("deflate", Coded.helloGzip), ("gzip", Coded.helloRaw), ("gzip", [0]), ("deflate", [0xFF]),
    ]) func refusesWhatIsNotCodedAsItSays(_ coding: String, _ body: [UInt8]) {
        let driver = ConnectionDriver()
        driver.feed(Coded.request(body, coding))
        #expect(driver.takeStatuses() == [400])
    }

    @Test(arguments: [[0], [0, 0, 0], Array("more".utf8), Coded.helloZlib]) func refusesBytesBehindTheStream(
        _ more: [UInt8]
    ) {
        for (body, coding) in [(Coded.helloGzip, "gzip"), (Coded.helloZlib, "deflate"), (Coded.helloRaw, "deflate")] {
            for chunks in [nil, 1] {
                let driver = ConnectionDriver()
                driver.feed(Coded.request(body + more, coding, chunks: chunks))
                let answers = driver.takeAnswers()
                #expect(answers.map(\.status) == [400])
                #expect(answers.first?.text.contains(text: "bytes follow the end") == true)
            }
        }
        // Two zlib streams are not one body, two gzip members are; a third that is broken is not.
        let driver = ConnectionDriver()
        driver.feed(Coded.request(Coded.helloGzip + Coded.helloGzip + [0x1F, 0x00]))
        #expect(driver.takeStatuses() == [400])
    }

    @Test func refusesEndlessPadding() {
        // Empty members and empty stored blocks are well-formed, and hold nothing.
        let members = [[UInt8]](repeating: Coded.code([]), count: 20_000).flatMap { $0 }
        let blocks = [[UInt8]](repeating: [0, 0, 0, 0xFF, 0xFF], count: 100_000).flatMap { $0 }
        let name: [UInt8] = [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3] + [UInt8](repeating: 0x41, count: 400_000)
        for (body, coding) in [(members, "gzip"), (blocks, "deflate"), (name, "gzip")] {
            for chunks in [nil, 4096] {
                let driver = ConnectionDriver()
                driver.mode = { _ in .streamed(windowBytes: 1000) }
                driver.feed(Coded.request(body, coding, chunks: chunks))
                #expect(driver.takeAnswers().first?.text.contains(text: "much longer than what it holds") == true)
            }
        }
    }

    @Test(arguments: ["br", "gzip, gzip", "gzip, deflate", "zstd", "gzip;q=1"]) func answers415ToOtherCodings(
        _ coding: String
    ) {
        for isStreamed in [false, true] {
            let driver = ConnectionDriver()
            if isStreamed { driver.mode = { _ in .streamed(windowBytes: 100) } }
            driver.feed(Coded.request(Array("abc".utf8), coding) + Array("GET /n HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            let answers = driver.takeAnswers()
            #expect(answers.map(\.status) == [415, 200])
            #expect(answers.first?.value(of: "Accept-Encoding") == "gzip, deflate")
            #expect(driver.events.prefix(2) == ["head 0 POST /p", "cancelled 0"])
        }
        let refusing = ConnectionDriver()
        refusing.mode = { _ in .answered(.unauthorized, .none, []) }
        refusing.feed(Coded.request(Array("abc".utf8), coding))
        #expect(refusing.takeStatuses() == [401])
    }

    @Test func ignoresTheFieldWhereThereIsNoBody() {
        let driver = ConnectionDriver()
        for head in [
            "GET / HTTP/1.1", "HEAD / HTTP/1.1", "DELETE /m HTTP/1.1", "GET / HTTP/1.1\r\nContent-Length: 0",
            "POST / HTTP/1.1",
        ] {
            driver.feed("\(head)\r\nHost: x\r\nContent-Encoding: br\r\n\r\n")
        }
        #expect(driver.takeStatuses() == [200, 200, 200, 200, 200])
        driver.feed(Coded.request([], "gzip") + Coded.request([], "gzip", chunks: 1))
        #expect(driver.takeStatuses() == [400, 400])
    }

    @Test func letsABodyComeAfter100() {
        let driver = ConnectionDriver()
        let body = Coded.gzip(Self.text)
        let wire = Coded.request(body, fields: "Expect: 100-continue\r\n")
        driver.feed(Array(wire.dropLast(body.count)))
        #expect(driver.takeStatuses() == [100])
        driver.feed(body)
        #expect(driver.bodies[0] == Self.text)
        // Where it is going to be refused, there is no 100.
        let refused = ConnectionDriver()
        refused.feed(
            "POST /p HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        #expect(refused.takeStatuses() == [415])
        #expect(refused.isDone && refused.lingers)
    }

    // MARK: Streamed

    @Test(arguments: [nil, 3, 100_000]) func streamsWithinAWindowOfDecodedBytes(_ chunks: Int?) {
        let driver = ConnectionDriver()
        driver.mode = { _ in .streamed(windowBytes: 100) }
        driver.consumes = false
        let count = 300_000
        let next = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
        driver.feed(
            Coded.request(Coded.gzip(String(repeating: "ab", count: count / 2)), chunks: chunks) + Array(next.utf8))
        var delivered = 0
        while driver.events.count < 2 {
            let now = driver.bodies[0, default: ""].utf8.count
            #expect(now - delivered <= 100 && driver.isBlocked)
            driver.connection.consumed(0, bytes: now - delivered)
            delivered = now
            guard driver.canProceed else { break }
            driver.run()
        }
        #expect(driver.bodies[0] == String(repeating: "ab", count: count / 2))
        #expect(driver.takeStatuses() == [200, 200])
        #expect(driver.context.gatheredBytes == 0)
    }

    @Test func deliversWhatIsDecodedWithoutWaitingForTheEnd() throws {
        var stream = try DeflateStream(.gzip, level: 1)
        let firstText = Array("first".utf8)
        let secondText = Array("second".utf8)
        var first: [UInt8] = []
        first.append(addingCapacity: 100) { _ = stream.deflate(firstText.span, into: &$0, flush: .sync) }
        var second: [UInt8] = []
        second.append(addingCapacity: 100) { _ = stream.deflate(secondText.span, into: &$0, flush: .finish) }
        for isChunked in [false, true] {
            let driver = ConnectionDriver()
            driver.mode = { _ in .streamed(windowBytes: 1000) }
            let wire = Coded.request(first + second, chunks: isChunked ? first.count : nil)
            let tail = second.count + (isChunked ? 11 : 0)
            driver.feed(Array(wire.dropLast(tail)))
            #expect(driver.bodies[0] == "first")
            driver.feed(Array(wire.suffix(tail)))
            #expect(driver.bodies[0] == "firstsecond" && driver.takeStatuses() == [200])
        }
    }

    @Test(arguments: [nil, 3]) func throwsTheRestAwayWhenTheAnswerComesFirst(_ chunks: Int?) {
        for isStreamed in [false, true] {
            let driver = ConnectionDriver()
            driver.mode = { _ in isStreamed ? .streamed(windowBytes: 10) : .buffered(bytesMax: 10_000) }
            driver.consumes = false
            let next = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
            let wire = Coded.request(Coded.gzip(Self.text.prefix(5000) + ""), chunks: chunks)
            driver.feed(Array(wire.prefix(wire.count / 2)))
            driver.respond(0, 200, "early")
            #expect(driver.context.gatheredBytes == 0, "what was gathered is given back")
            driver.run()
            driver.feed(Array(wire.dropFirst(wire.count / 2)) + Array(next.utf8))
            #expect(driver.takeStatuses() == (chunks == nil ? [200, 200] : [200]))
            #expect(chunks == nil ? driver.events.last == "body 1 " : driver.isDone && driver.lingers)
        }
    }

    @Test func abortsWhereHalfAnAnswerIsOut() {
        let driver = ConnectionDriver()
        driver.mode = { _ in .streamed(windowBytes: 1000) }
        var body = Coded.gzip(Self.text)
        body[body.count / 2] ^= 0x55
        let wire = Coded.request(body)
        driver.feed(Array(wire.prefix(wire.count - body.count + 40)))
        driver.connection.start(0, .ok, .json, bodyBytes: nil, context: &driver.context)
        driver.feed(Array(wire.suffix(body.count - 40)))
        #expect(driver.isAborted && driver.events.last == "cancelled 0")
        #expect(driver.context.gatheredBytes == 0)
    }

    // MARK: Bounds of the loop

    @Test func boundsTheDecodersAtWork() {
        var limits = HTTPLimits()
        limits.codedBodiesMax = 2
        let context = ContentCoders(limits: limits)
        var held = [context.takeDecoder(.gzip), context.takeDecoder(.deflate)]
        #expect(held.allSatisfy { $0 != nil })
        #expect(context.takeDecoder(.gzip) == nil)
        // One is freed with its connection, one is given back.
        held[0] = nil
        let again = context.takeDecoder(.gzip)
        #expect(again != nil && context.takeDecoder(.gzip) == nil)
        if let again { context.giveBack(again) }
        #expect(context.takeDecoder(.gzip) === again)
    }

    @Test func answers503WhereTooManyAreAtWork() {
        var limits = HTTPLimits()
        limits.codedBodiesMax = 0
        let driver = ConnectionDriver(limits: limits)
        driver.feed(Coded.request(Coded.helloGzip) + Coded.request(Array("plain".utf8), nil))
        let answers = driver.takeAnswers()
        #expect(answers.map(\.status) == [503, 200])
        #expect(answers.first?.value(of: "Retry-After") == "1")
    }

    @Test func usesOneDecoderForBodiesOneAfterTheOther() {
        var limits = HTTPLimits()
        limits.codedBodiesMax = 1
        let driver = ConnectionDriver(limits: limits)
        for index in 0..<10 {
            driver.feed(Coded.request(index % 3 == 1 ? Array("broken".utf8) : Coded.helloGzip))
            #expect(driver.takeStatuses() == [index % 3 == 1 ? 400 : 200])
        }
    }
}
