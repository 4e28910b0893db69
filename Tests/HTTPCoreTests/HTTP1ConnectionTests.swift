import SeededRandom
import Testing

@testable import HTTPCore

@Suite struct HTTP1ConnectionTests {
    static func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
    }

    static func post(_ length: Int, _ fields: String = "") -> String {
        "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\(fields)\r\n"
    }

    @Test func answersARequestWithDateAndLength() {
        let driver = ConnectionDriver()
        driver.feed(Self.get("/a"))
        #expect(
            driver.takeOutput()
                == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 7\r\n\r\nGET /a|")
        #expect(driver.isIdle && !driver.isFinished)
    }

    @Test func writesStatusFieldsAndPhrase() {
        let driver = ConnectionDriver()
        let fields = ResponseFields([("ETag", "\"1\"")])
        driver.complete = { driver, stream in
            let body: [UInt8] = []
            driver.connection.respond(stream, .preconditionFailed, fields, body: body.span, context: &driver.context)
        }
        driver.feed(Self.get("/a"))
        #expect(
            driver.takeOutput()
                == "HTTP/1.1 412 Precondition Failed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"1\"\r\n"
                + "Content-Length: 0\r\n\r\n")
    }

    @Test func leavesOutTheBodyForHEADButNotItsLength() {
        let driver = ConnectionDriver()
        driver.feed("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + Self.get("/b"))
        let output = driver.takeOutput()
        #expect(output.contains(text: "Content-Length: 8\r\n\r\nHTTP/1.1 200 OK"))
    }

    @Test(arguments: [UInt16(204), 304]) func leavesOutBodyAndLengthWhereTheStatusHasNone(_ status: UInt16) {
        let driver = ConnectionDriver()
        driver.complete = { $0.respond($1, status, "no") }
        driver.feed(Self.get("/a"))
        let output = driver.takeOutput()
        #expect(!output.contains(text: "Content-Length") && output.hasSuffix("\r\n\r\n"))
    }

    @Test func keepsAliveInHTTP11AndClosesWhereAsked() {
        let driver = ConnectionDriver()
        driver.feed(Self.get("/a") + Self.get("/b", "Connection: x , close\r\n") + Self.get("/c"))
        #expect(driver.events.filter { $0.hasPrefix("head") } == ["head 0 GET /a", "head 1 GET /b"])
        let output = driver.takeOutput()
        #expect(output.components(separatedBy: "Connection: close").count == 2)
        #expect(driver.isFinished && driver.isDone && !driver.lingers)
    }

    @Test func closesInHTTP10UnlessAskedToKeepAlive() {
        let closing = ConnectionDriver()
        closing.feed("GET / HTTP/1.0\r\n\r\n")
        #expect(closing.takeOutput().contains(text: "Connection: close"))
        #expect(closing.isDone)
        let keeping = ConnectionDriver()
        keeping.feed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
        #expect(keeping.takeOutput().contains(text: "Connection: keep-alive"))
        #expect(!keeping.isDone)
        let both = ConnectionDriver()
        both.feed("GET / HTTP/1.0\r\nConnection: close\r\nConnection: Keep-Alive\r\n\r\n")
        #expect(both.isDone)
    }

    // MARK: Pipelining

    @Test func readsAtMost64RequestsAheadAndAnswersInTheirOrder() {
        let driver = ConnectionDriver()
        var waiting: [UInt32] = []
        driver.complete = { waiting.append($1) }
        driver.feed((0..<100).map { Self.get("/\($0)") }.joined())
        #expect(waiting.count == 64 && driver.isBlocked)
        #expect(!driver.canProceed)
        // The last first: nothing may leave before the first is there.
        for stream in waiting.reversed().dropLast() {
            driver.respond(stream, 200, "\(stream)")
            #expect(driver.sendableBytes == 0)
        }
        driver.respond(0, 200, "0")
        #expect(driver.canProceed)
        waiting = []
        driver.run()
        #expect(waiting == Array(64..<100))
        for stream in waiting.shuffled() { driver.respond(stream, 200, "\(stream)") }
        let bodies = driver.takeOutput().components(separatedBy: "HTTP/1.1 200 OK").dropFirst().map {
            $0.components(separatedBy: "\r\n\r\n")[1]
        }
        #expect(bodies == (0..<100).map(String.init))
        #expect(driver.isIdle)
    }

    @Test func dropsAnswersForExchangesThatAreOver() {
        let driver = ConnectionDriver()
        driver.feed(Self.get("/a"))
        #expect(driver.takeStatuses() == [200])
        driver.respond(0, 200, "again")
        driver.respond(7, 200, "never was")
        #expect(driver.sendableBytes == 0)
        driver.complete = { driver, stream in
            driver.respond(stream, 200, "one")
            driver.respond(stream, 500, "two")
        }
        driver.feed(Self.get("/b"))
        #expect(driver.takeStatuses() == [200])
    }

    @Test func stopsReadingWhileItsOutputIsNotRead() {
        var limits = HTTPLimits()
        limits.outputBytesMax = 10_000
        let driver = ConnectionDriver(limits: limits)
        let big = String(repeating: "z", count: 4000)
        driver.complete = { $0.respond($1, 200, big) }
        driver.feed((0..<1000).map { Self.get("/\($0)") }.joined())
        #expect(driver.isBlocked && driver.requests.count == 3)
        driver.connection.sent(9000, context: &driver.context)
        driver.run()
        #expect(driver.requests.count == 5)
        #expect(driver.unsentBytes < 20_000)
    }

    // MARK: Bodies

    @Test func deliversABufferedBodyInOnePieceWithoutCopyingWhereItIsWhole() {
        let driver = ConnectionDriver()
        driver.feed(Self.post(5) + "hello" + Self.post(5) + "he")
        driver.feed("llo")
        #expect(driver.events == ["head 0 POST /p", "body 0 hello", "head 1 POST /p", "body 1 hello"])
        #expect(driver.bodyEvents == 2)
    }

    @Test(arguments: [(9, 200), (10, 200), (11, 413)]) func holdsTheBodyBoundExactly(_ length: Int, _ status: Int) {
        for isChunked in [false, true] {
            let driver = ConnectionDriver()
            driver.mode = { _ in .buffered(bytesMax: 10) }
            let body = String(repeating: "b", count: length)
            if isChunked {
                let size = String(length, radix: 16)
                driver.feed(
                    "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\n\(body)\r\n0\r\n\r\n")
            } else {
                driver.feed(Self.post(length) + body)
            }
            #expect(driver.takeStatuses() == [status])
            #expect(driver.events.last == (status == 200 ? "body 0 \(body)" : "cancelled 0"))
        }
    }

    @Test(arguments: [false, true]) func boundsTheBodiesThatALoopGathers(isChunked: Bool) {
        var limits = HTTPLimits()
        limits.gatheredBytesMax = 100
        let driver = ConnectionDriver(limits: limits)
        let part = String(repeating: "b", count: 60)
        let head =
            isChunked ? "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n78\r\n" : Self.post(120)
        driver.feed(head)
        driver.feed(part)
        #expect(driver.context.gatheredBytes == 60)
        driver.feed(part + (isChunked ? "\r\n0\r\n\r\n" : ""))
        let output = driver.takeOutput()
        #expect(ConnectionDriver.statuses(output) == [503])
        #expect(output.contains(text: "Retry-After: 1"))
        #expect(driver.events.last == "cancelled 0")
        #expect(driver.context.gatheredBytes == 0, "what was gathered is given back")
    }

    @Test func givesBackWhatABodyHeld() {
        let driver = ConnectionDriver()
        for _ in 0..<3 {
            driver.feed(Self.post(20))
            driver.feed("0123456789")
            driver.feed("0123456789")
            #expect(driver.takeStatuses() == [200])
        }
        #expect(driver.context.gatheredBytes == 0)
    }

    @Test func refusesATooLongBodyBeforeReadingIt() {
        let driver = ConnectionDriver()
        driver.feed(Self.post(10_000_000_000))
        let output = driver.takeOutput()
        #expect(ConnectionDriver.statuses(output) == [413])
        #expect(output.contains(text: "Connection: close"))
        #expect(driver.isDone && driver.lingers)
    }

    @Test func throwsASmallUnwantedBodyAwayAndKeepsTheConnection() {
        let driver = ConnectionDriver()
        driver.mode = {
            $0.path.text == "/p" ? .answered(.unauthorized, .problem, Array("{}".utf8)) : .buffered(bytesMax: 9)
        }
        driver.feed(Self.post(5) + "hel")
        driver.feed("lo" + Self.get("/b"))
        #expect(driver.events == ["head 0 POST /p", "head 1 GET /b", "body 1 "])
        #expect(driver.takeStatuses() == [401, 200])
    }

    @Test func closesAfterALargeUnwantedBody() {
        let driver = ConnectionDriver()
        driver.mode = { _ in .answered(.unauthorized, .none, []) }
        driver.feed(Self.post(65537) + "abc" + Self.get("/b"))
        #expect(driver.takeOutput().contains(text: "Connection: close"))
        #expect(driver.isFinished && driver.lingers && driver.requests.count == 1)
    }

    @Test(arguments: ["7fffffffffffffff", "a"]) func refusesAChunkLongerThanAnyBodyWithoutWaitingForIt(_ size: String) {
        let driver = ConnectionDriver()
        driver.mode = { _ in .buffered(bytesMax: 9) }
        driver.feed("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\n{")
        #expect(driver.takeStatuses() == [413])
        #expect(driver.isFinished && driver.lingers)
    }

    private static func unwanted(_ body: String) -> ConnectionDriver {
        let driver = ConnectionDriver()
        driver.mode = { $0.path.text == "/p" ? .answered(.unauthorized, .none, []) : .buffered(bytesMax: 9) }
        driver.feed("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        return driver
    }

    @Test func answersAfterASmallUnwantedChunkedBodyAndGoesOn() {
        let driver = Self.unwanted("")
        for byte in "5\r\nhello\r\n0\r\n\r\n".utf8 {
            #expect(driver.takeOutput().isEmpty)
            driver.feed([byte])
        }
        driver.feed(Self.get("/b"))
        let output = driver.takeOutput()
        #expect(ConnectionDriver.statuses(output) == [401, 200] && !output.contains(text: "Connection: close"))
        #expect(driver.events == ["head 0 POST /p", "head 1 GET /b", "body 1 "])
    }

    /// Nobody knows how long the rest is, and keeping a promise to go on could take for ever.
    @Test(arguments: [
        "10001\r\nx", "5\r\nhello\r\n-", "8000\r\n" + String(repeating: "x", count: 0x8000) + "\r\n8001\r\nx",
    ])
    func closesAfterItsAnswerWhereAnUnwantedChunkedBodyIsTooLongOrBroken(_ body: String) {
        let driver = Self.unwanted(body)
        let output = driver.takeOutput()
        #expect(ConnectionDriver.statuses(output) == [401] && output.contains(text: "Connection: close"))
        #expect(driver.isFinished && driver.lingers && driver.events == ["head 0 POST /p"])
    }

    @Test func answersWhenAnUnwantedChunkedBodyTakesTooLong() {
        let driver = Self.unwanted("5\r\nhe")
        #expect(driver.connection.timeOut(context: &driver.context) == nil)
        driver.run()
        #expect(driver.takeStatuses() == [401])
        #expect(driver.isFinished && driver.lingers)
    }

    @Test func streamsWithinAWindowAndGoesOnWithCredit() {
        let driver = ConnectionDriver()
        driver.mode = { _ in .streamed(windowBytes: 10) }
        driver.consumes = false
        driver.feed(Self.post(25) + String(repeating: "a", count: 25) + Self.get("/b"))
        #expect(driver.bodies[0]?.utf8.count == 10 && driver.isBlocked)
        driver.connection.consumed(0, bytes: 4)
        driver.run()
        #expect(driver.bodies[0]?.utf8.count == 14 && driver.isBlocked)
        driver.connection.consumed(9, bytes: 100)
        #expect(!driver.canProceed)
        driver.connection.consumed(0, bytes: 10)
        driver.run()
        #expect(driver.bodies[0]?.utf8.count == 24)
        driver.connection.consumed(0, bytes: 10)
        driver.run()
        // All of it has come and is answered: the credit is no longer owed.
        #expect(
            driver.events == [
                "head 0 POST /p", "body 0 " + String(repeating: "a", count: 25), "head 1 GET /b", "body 1 ",
            ])
    }

    @Test func gathersManySmallChunksIntoOneEvent() {
        let driver = ConnectionDriver()
        driver.mode = { _ in .streamed(windowBytes: 1 << 20) }
        driver.feed("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<100 { driver.feed(String(repeating: "1\r\nx\r\n", count: 1000)) }
        driver.feed("0\r\n\r\n")
        #expect(driver.bodies[0]?.utf8.count == 100_000)
        #expect(driver.bodyEvents == 101)
        #expect(driver.takeStatuses() == [200])
    }

    @Test func holdsTheWindowForChunkedBodiesToo() {
        let driver = ConnectionDriver()
        driver.mode = { _ in .streamed(windowBytes: 10) }
        driver.consumes = false
        driver.feed(
            "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n"
        )
        #expect(driver.bodies[0]?.utf8.count == 10 && driver.isBlocked)
        driver.connection.consumed(0, bytes: 10)
        driver.run()
        #expect(driver.events.last == "body 0 1234567812345678")
    }

    @Test func doesNotBeginTheNextRequestWhileAStreamedBodyIsUnconsumed() {
        let driver = ConnectionDriver()
        driver.mode = { _ in .streamed(windowBytes: 100) }
        driver.consumes = false
        driver.complete = { _, _ in }
        driver.feed(Self.post(5) + "hello" + Self.get("/b"))
        #expect(driver.isBlocked && driver.requests.count == 1)
        driver.respond(0, 200, "done")
        driver.run()
        #expect(driver.requests.count == 2)
    }

    // MARK: Expect

    @Test func continuesOnlyWhenTheBodyIsWantedAndHasNotCome() {
        let waiting = ConnectionDriver()
        waiting.feed(Self.post(5, "Expect: 100-continue\r\n"))
        #expect(waiting.takeOutput() == "HTTP/1.1 100 Continue\r\n\r\n")
        waiting.feed("hello")
        #expect(waiting.takeStatuses() == [200])
        let eager = ConnectionDriver()
        eager.feed(Self.post(5, "Expect: 100-continue\r\n") + "he")
        #expect(eager.takeOutput().isEmpty)
        let old = ConnectionDriver()
        old.feed("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(old.takeOutput().isEmpty)
        let bodyless = ConnectionDriver()
        bodyless.feed(Self.get("/", "Expect: 100-continue\r\n"))
        #expect(bodyless.takeStatuses() == [200])
    }

    @Test func refusesWithoutContinueAndCloses() {
        let long = ConnectionDriver()
        long.feed(Self.post(1 << 30, "Expect: 100-continue\r\n"))
        #expect(long.takeStatuses() == [413])
        #expect(long.isDone)
        let refused = ConnectionDriver()
        refused.mode = { _ in .answered(.forbidden, .none, []) }
        refused.feed(Self.post(5, "Expect: 100-continue\r\n"))
        #expect(refused.takeOutput().contains(text: "Connection: close"))
        #expect(refused.isDone && refused.lingers)
    }

    @Test func keepsContinueInTheOrderOfAnswers() {
        let driver = ConnectionDriver()
        driver.complete = { _, _ in }
        driver.feed(Self.get("/a") + Self.post(5, "Expect: 100-continue\r\n"))
        #expect(driver.sendableBytes == 0)
        driver.respond(0, 200, "")
        #expect(driver.takeStatuses() == [200, 100])
    }

    // MARK: Answers in pieces

    @Test func sendsChunksAndTrailers() {
        let driver = ConnectionDriver()
        driver.complete = { driver, stream in
            driver.connection.start(stream, .ok, .none, bodyBytes: nil, context: &driver.context)
            for text in ["hello", "", String(repeating: "w", count: 26)] {
                let bytes = Array(text.utf8)
                #expect(driver.send(stream, bytes))
            }
            driver.connection.end(stream, trailers: ResponseFields([("X-Sum", "1")]), context: &driver.context)
        }
        driver.feed(Self.get("/a") + Self.get("/b"))
        let output = driver.takeOutput()
        let one =
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a\r\n" + String(repeating: "w", count: 26)
            + "\r\n0\r\nX-Sum: 1\r\n\r\n"
        #expect(output.components(separatedBy: one).count == 3)
    }

    @Test func endsABodyOfUnknownLengthWithTheConnectionInHTTP10() {
        let driver = ConnectionDriver()
        driver.complete = { driver, stream in
            driver.connection.start(stream, .ok, .none, bodyBytes: nil, context: &driver.context)
            let bytes = Array("hello".utf8)
            _ = driver.send(stream, bytes)
            driver.connection.end(stream, trailers: nil, context: &driver.context)
        }
        driver.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let output = driver.takeOutput()
        #expect(output.hasSuffix("Connection: close\r\n\r\nhello"))
        #expect(driver.isDone)
    }

    @Test(arguments: [(5, 5, false), (5, 3, true), (5, 9, false)])
    func holdsAnAnswerToItsPromisedLength(_ promised: Int, _ sent: Int, _ aborts: Bool) {
        let driver = ConnectionDriver()
        driver.complete = { driver, stream in
            driver.connection.start(stream, .ok, .none, bodyBytes: promised, context: &driver.context)
            let bytes = [UInt8](repeating: 0x61, count: sent)
            _ = driver.send(stream, bytes)
            driver.connection.end(stream, trailers: nil, context: &driver.context)
        }
        driver.feed(Self.get("/a"))
        #expect(driver.isAborted == aborts)
        #expect(driver.takeOutput().hasSuffix("\r\n\r\n" + String(repeating: "a", count: min(promised, sent))))
    }

    @Test func tellsASenderToWaitAndWhenToGoOn() {
        var limits = HTTPLimits()
        limits.outputBytesMax = 1000
        let driver = ConnectionDriver(limits: limits)
        driver.complete = { driver, stream in
            driver.connection.start(stream, .ok, .none, bodyBytes: nil, context: &driver.context)
        }
        driver.feed(Self.get("/a"))
        let bytes = [UInt8](repeating: 1, count: 600)
        #expect(driver.send(0, bytes))
        #expect(!driver.send(0, bytes))
        #expect(driver.takeWritable() == nil)
        driver.connection.sent(900, context: &driver.context)
        #expect(driver.takeWritable() == 0)
        #expect(driver.takeWritable() == nil)
    }

    @Test func theFirstOfTwoLongAnswersDoesNotWaitForTheSecond() {
        var limits = HTTPLimits()
        limits.outputBytesMax = 1000
        let driver = ConnectionDriver(limits: limits)
        driver.complete = { driver, stream in
            driver.connection.start(stream, .ok, .none, bodyBytes: 4_000, context: &driver.context)
        }
        driver.feed(Self.get("/a") + Self.get("/b"))
        let bytes = [UInt8](repeating: 1, count: 2_000)
        #expect(!driver.send(1, bytes), "it is parked behind the other")
        #expect(!driver.send(0, bytes))
        #expect(driver.takeWritable() == nil)
        driver.connection.sent(driver.connection.sendableBytes, context: &driver.context)
        #expect(driver.takeWritable() == 0)
        #expect(driver.takeWritable() == nil, "the other one still waits")
        #expect(!driver.send(0, bytes))
        driver.connection.end(0, trailers: nil, context: &driver.context)
        #expect(driver.takeWritable() == nil)
        driver.connection.sent(driver.connection.sendableBytes, context: &driver.context)
        #expect(driver.takeWritable() == 1)
    }

    @Test func answersBeforeTheBodyHasComeAndDiscardsTheRest() {
        let driver = ConnectionDriver()
        driver.mode = { _ in .streamed(windowBytes: 100) }
        driver.feed(Self.post(50) + "abc")
        driver.respond(0, 422, "no")
        driver.feed(String(repeating: "x", count: 47) + Self.get("/b"))
        #expect(driver.takeStatuses() == [422, 200])
        #expect(driver.bodies[0] == "abc")
    }

    // MARK: End

    @Test func drainsAfterTheRequestsThatHaveBegun() {
        let idle = ConnectionDriver()
        idle.connection.beginDrain()
        #expect(idle.isDone)

        let busy = ConnectionDriver()
        busy.complete = { _, _ in }
        busy.feed(Self.get("/a") + Self.get("/b"))
        busy.connection.beginDrain()
        busy.feed(Self.get("/c"))
        busy.respond(1, 200, "b")
        busy.respond(0, 200, "a")
        let output = busy.takeOutput()
        #expect(ConnectionDriver.statuses(output) == [200, 200])
        #expect(output.components(separatedBy: "Connection: close").count == 2 && output.hasSuffix("\r\n\r\nb"))
        #expect(busy.isDone)

        let reading = ConnectionDriver()
        reading.feed(Self.post(5) + "he")
        reading.connection.beginDrain()
        reading.feed("llo")
        #expect(reading.takeOutput().contains(text: "Connection: close"))
        #expect(reading.isDone)

        let begun = ConnectionDriver()
        begun.feed("GET / HT")
        begun.connection.beginDrain()
        begun.feed("TP/1.1\r\nHost: x\r\n\r\n")
        #expect(begun.takeOutput().contains(text: "Connection: close"))
        #expect(begun.isDone)
    }

    @Test func timesOutWithAnAnswerWhereOneIsPossible() {
        let inHead = ConnectionDriver()
        inHead.feed("GET / HTTP/1.1\r\nHo")
        #expect(inHead.isInHead)
        #expect(inHead.timeOut() == nil)
        #expect(inHead.takeStatuses() == [408])
        let inBody = ConnectionDriver()
        inBody.feed(Self.post(5) + "he")
        #expect(inBody.timeOut() == 0)
        #expect(inBody.takeStatuses() == [408])
        #expect(inBody.isDone)
    }

    @Test func namesTheExchangesThatAreLeftUnanswered() {
        let driver = ConnectionDriver()
        driver.complete = { _, _ in }
        driver.feed((0..<5).map { Self.get("/\($0)") }.joined())
        driver.respond(0, 200, "")
        driver.respond(2, 200, "")
        var left: [UInt32] = []
        var stream = driver.connection.unanswered(from: nil)
        while let open = stream {
            left.append(open)
            stream = driver.connection.unanswered(from: open &+ 1)
        }
        #expect(left == [1, 3, 4])
    }

    @Test func tellsHTTP2ByItsPreface() {
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        for count in 0..<24 {
            let part = Array(preface[..<count])
            guard case .undecided = ConnectionPreface.judge(part.span) else {
                Issue.record("decided after \(count) bytes")
                continue
            }
        }
        guard case .http2 = ConnectionPreface.judge(preface.span) else {
            Issue.record("not seen")
            return
        }
        for text in ["GET", "POST", "PUT", "PRI * HTTP/2.1", "PRI * HTTP/1.1", "\r\n"] {
            let bytes = Array(text.utf8)
            guard case .http1 = ConnectionPreface.judge(bytes.span) else {
                Issue.record("\(text)")
                continue
            }
        }
    }

    // MARK: Hostile bytes

    /// Any bytes, cut anywhere, end in an answer, a wait or a close: never a trap, never more than was asked for.
    @Test func survivesMutatedRequests() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let bases = [
            Self.get("/models/a?b=c", "Accept: */*\r\nX-Request-Id: 7\r\n"),
            Self.post(12, "Content-Type: application/json\r\n") + "{\"a\": [1,2]}",
            "PUT /m HTTP/1.1\r\nHost: [::1]:8080\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
            Self.post(3, "Expect: 100-continue\r\nConnection: close\r\n") + "abc",
        ]
        for round in 0..<4000 {
            var bytes = Array((bases.randomElement(using: &random) ?? "").utf8)
            if round % 3 == 0 { bytes += Array((bases.randomElement(using: &random) ?? "").utf8) }
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: [0x0D, 0x0A], at: place)
                case 3: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
                }
            }
            let whole = ConnectionDriver()
            whole.mode = { $0.expectsContinue ? .answered(.ok, .none, []) : .buffered(bytesMax: 1 << 20) }
            whole.feed(bytes)
            let pieces = ConnectionDriver()
            pieces.mode = whole.mode
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = min(rest.count, Int.random(in: 1...40, using: &random))
                pieces.feed(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            guard whole.observation == pieces.observation else {
                Issue.record("seed \(seed) round \(round): \(whole.observation) against \(pieces.observation)")
                return
            }
        }
    }
}
