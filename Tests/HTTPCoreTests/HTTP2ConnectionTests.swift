import HTTP2Wire
import Testing

@testable import HTTPCore

@Suite struct HTTP2ConnectionTests {
    @Test func saysItsSettingsFirst() {
        let driver = HTTP2Driver()
        let first = driver.transcript.frames.first
        #expect(first?.type == HTTP2Frame.Kind.settings.rawValue && first?.flags == 0)
        #expect(driver.transcript.windows[0] == (1 << 20) - 65535)
        #expect(driver.isIdle && !driver.isDone)
    }

    @Test func answersARequestWithDateAndLength() {
        let driver = HTTP2Driver()
        driver.feed(.request(1, "GET", "/a?b=c"))
        #expect(
            driver.answer(1).fields == [
                ":status": "200", "date": "Sun, 06 Nov 1994 08:49:37 GMT", "content-length": "11",
            ])
        #expect(driver.answer(1).text == "GET /a?b=c|" && driver.answer(1).isEnded)
        #expect(driver.isIdle && driver.openStreams == 0)
    }

    @Test func sendsFieldNamesInSmallLetters() {
        let driver = HTTP2Driver()
        driver.complete = { driver, stream in
            let body: [UInt8] = []
            driver.connection.respond(
                stream, .preconditionFailed, ResponseFields([("ETag", " \"A\" ")]), body: body.span,
                context: &driver.context)
        }
        driver.feed(.request(1))
        #expect(driver.answer(1).status == 412 && driver.answer(1).fields["etag"] == "\"A\"")
        #expect(driver.answer(1).fields["content-length"] == "0" && driver.transcript.count(.data) == 0)
    }

    @Test func fillsTheHeadAsHTTP1Does() {
        let driver = HTTP2Driver()
        var seen: [String] = []
        driver.mode = { head in
            seen = [
                head.method.name, head.path.text, head.query?.text ?? "-", "\(head.version)",
                head.value(of: .host)?.text ?? "-", head.text(of: .contentType) ?? "-",
                head.text(named: "x-any") ?? "-",
                "\(head.contentLength ?? -1)", "\(head.hasBody)", "\(head.fieldCount)",
            ]
            return .buffered(bytesMax: 100)
        }
        driver.feed(
            .request(
                1, "POST", "/models/m/predict?x=%20&y",
                [("content-type", "application/json"), ("x-any", "1"), ("content-length", "2")], end: false))
        #expect(
            seen == [
                "POST", "/models/m/predict", "x=%20&y", "http2", "localhost", "application/json", "1", "2", "true", "3",
            ])
        driver.feed(.data(1, "{}"))
        #expect(driver.answer(1).text == "POST /models/m/predict?x=%20&y|{}")
        #expect(driver.gathered == 0)
    }

    @Test func takesTheAuthorityFromHostWhereItIsNotGiven() {
        let driver = HTTP2Driver()
        var host = ""
        driver.mode = { head in
            host = head.text(of: .host) ?? "-"
            return .buffered(bytesMax: 1)
        }
        driver.feed(.headers(1, [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "x:1")]))
        #expect(host == "x:1")
    }

    @Test func gathersABodyOfSeveralFrames() {
        let driver = HTTP2Driver()
        driver.feed(.request(1, "POST", "/", end: false))
        driver.feed(.data(1, "ab", end: false), .data(1, "", end: false), .data(1, "c", end: false))
        #expect(driver.gatheredBytes == 3)
        driver.feed(.data(1, ""))
        #expect(driver.answer(1).text == "POST /|abc" && driver.gathered == 1 && driver.gatheredBytes == 0)
    }

    @Test func takesPaddingForNothing() {
        let driver = HTTP2Driver()
        driver.feed(.request(1, "POST", "/", end: false))
        driver.feed(HTTP2Frame(.data, flags: 9, stream: 1, [3, 0x61, 0x62, 0, 0, 0]))
        #expect(driver.answer(1).text == "POST /|ab")
    }

    @Test func interleavesStreams() {
        let driver = HTTP2Driver()
        driver.feed(.request(1, "POST", "/1", end: false), .request(3, "POST", "/3", end: false), .request(5))
        driver.feed(.data(3, "x", end: false), .data(1, "y", end: false), .data(3, "z"), .data(1, "w"))
        #expect(driver.answer(1).text == "POST /1|yw" && driver.answer(3).text == "POST /3|xz")
        #expect(driver.answer(5).text == "GET /|")
    }

    @Test func answersInAnyOrderAndLater() {
        let driver = HTTP2Driver()
        driver.complete = { _, _ in }
        driver.feed(.request(1), .request(3))
        driver.respond(3, 200, "three")
        driver.flush()
        #expect(driver.answer(3).text == "three" && !driver.answer(1).isEnded && driver.isOpen(1) && !driver.isOpen(3))
        driver.respond(1, 201, "one")
        driver.respond(1, 500, "twice")
        driver.flush()
        #expect(driver.answer(1).text == "one" && driver.answer(1).status == 201)
    }

    @Test func leavesOutTheBodyForHEADButNotItsLength() {
        let driver = HTTP2Driver()
        driver.complete = { $0.respond($1, 200, "hello") }
        driver.feed(.request(1, "HEAD"))
        #expect(driver.answer(1).fields["content-length"] == "5" && driver.answer(1).body.isEmpty)
        #expect(driver.answer(1).isEnded)
    }

    @Test(arguments: [UInt16(204), 304]) func leavesOutBodyAndLengthWhereTheStatusHasNone(_ status: UInt16) {
        let driver = HTTP2Driver()
        driver.complete = { $0.respond($1, status, "no") }
        driver.feed(.request(1))
        #expect(driver.answer(1).fields["content-length"] == nil && driver.answer(1).body.isEmpty)
        #expect(driver.answer(1).isEnded && driver.answer(1).status == status)
    }

    @Test(arguments: [false, true]) func answersAtTheHeadAndDiscardsTheBody(_ endsLater: Bool) {
        let driver = HTTP2Driver()
        driver.mode = { _ in .answered(.forbidden, .plainText, Array("no".utf8)) }
        driver.feed(.request(1, "POST", "/", end: false))
        driver.feed(.data(1, [UInt8](repeating: 1, count: 10_000), end: !endsLater))
        #expect(driver.answer(1).status == 403 && driver.answer(1).text == "no" && driver.answer(1).isEnded)
        #expect(driver.events == ["head 1 POST /"] && driver.gatheredBytes == 0)
        #expect(driver.openStreams == (endsLater ? 1 : 0) && driver.answer(1).resetCode == nil)
        // The reset comes when the client has had time to read the answer.
        let rate = HTTP2BodyRate(bytesPerSecond: 240, grace: 5_000, longest: .max, linger: 1_000, unread: 0)
        #expect(driver.connection.bodyDeadline(rate) == (endsLater ? 1_000 : nil))
        driver.context.nanoseconds = 1_000
        let late = driver.connection.timeOutBody(rate, context: &driver.context)
        driver.flush()
        #expect(late == nil && driver.openStreams == 0 && driver.answer(1).resetCode == (endsLater ? 0 : nil))
        #expect(driver.events == ["head 1 POST /"])
    }

    @Test func letsAClientEndABodyThatNobodyWants() {
        let driver = HTTP2Driver()
        driver.mode = { _ in .answered(.notFound, .none, []) }
        driver.feed(.request(1, "POST", "/", end: false))
        for _ in 0..<100 { driver.feed(.data(1, [UInt8](repeating: 1, count: 10_000), end: false)) }
        driver.feed(.data(1, ""))
        #expect(driver.answer(1).status == 404 && driver.answer(1).resetCode == nil && driver.openStreams == 0)
        #expect(driver.transcript.windows[1, default: 0] > 700_000 && driver.events == ["head 1 POST /"])
    }

    @Test func saysContinueWhereTheBodyHasNotCome() {
        let driver = HTTP2Driver()
        driver.feed(.request(1, "POST", "/", [("expect", "100-continue"), ("content-length", "1")], end: false))
        #expect(driver.answer(1).status == 100 && !driver.answer(1).isEnded)
        driver.feed(.data(1, "x"))
        #expect(driver.answer(1).status == 200)
        driver.feed(.request(3, "POST", "/", [("expect", "200-ok")], end: false))
        #expect(driver.answer(3).status == 417)
    }

    // MARK: Answers in parts

    @Test func sendsPartsAndTrailers() {
        let driver = HTTP2Driver()
        driver.complete = { driver, stream in driver.start(stream, ResponseFields([("Content-Type", "a/b")])) }
        driver.feed(.request(1))
        #expect(driver.answer(1).status == 200 && !driver.answer(1).isEnded)
        #expect(driver.answer(1).fields["content-length"] == nil)
        #expect(driver.send(1, Array("ab".utf8)))
        driver.flush()
        #expect(driver.answer(1).text == "ab")
        #expect(driver.send(1, Array("cd".utf8)))
        driver.end(1, trailers: ResponseFields([("Grpc-Status", "0")]))
        driver.flush()
        #expect(driver.answer(1).text == "abcd" && driver.answer(1).trailers == ["grpc-status": "0"])
        #expect(driver.answer(1).isEnded && driver.openStreams == 0)
    }

    @Test func mergesTrailersOfAnAnswerWithoutBody() {
        let driver = HTTP2Driver()
        driver.complete = { driver, stream in
            driver.start(stream, ResponseFields([("Content-Type", "application/grpc")]))
            driver.end(stream, trailers: ResponseFields([("grpc-status", "12")]))
        }
        driver.feed(.request(1))
        #expect(driver.answer(1).fieldBlocks == 1 && driver.answer(1).isEnded && driver.transcript.count(.data) == 0)
        #expect(driver.answer(1).fields["grpc-status"] == "12" && driver.answer(1).status == 200)
    }

    @Test func sendsTrailersAfterHeadersThatHaveGone() {
        let driver = HTTP2Driver()
        driver.complete = { driver, stream in driver.start(stream) }
        driver.feed(.request(1))
        driver.end(1, trailers: ResponseFields([("grpc-status", "0")]))
        driver.flush()
        #expect(driver.answer(1).fieldBlocks == 2 && driver.answer(1).trailers == ["grpc-status": "0"])
        #expect(driver.answer(1).isEnded)
    }

    @Test func keepsToThePromisedLength() {
        let driver = HTTP2Driver()
        driver.complete = { driver, stream in driver.start(stream, bodyBytes: 3) }
        driver.feed(.request(1), .request(3))
        _ = driver.send(1, Array("abcdef".utf8))
        driver.end(1)
        _ = driver.send(3, Array("a".utf8))
        driver.end(3)
        driver.flush()
        #expect(driver.answer(1).text == "abc" && driver.answer(1).isEnded)
        #expect(driver.answer(1).fields["content-length"] == "3")
        #expect(!driver.answer(3).isEnded && driver.answer(3).resetCode == HTTP2Error.internalError.rawValue)
    }

    @Test func endsAnAnswerInPartsToHEADWithoutBody() {
        let driver = HTTP2Driver()
        driver.complete = { driver, stream in
            driver.start(stream, bodyBytes: 5)
            _ = driver.send(stream, Array("hello".utf8))
            driver.end(stream)
        }
        driver.feed(.request(1, "HEAD"))
        #expect(driver.answer(1).fields["content-length"] == "5" && driver.answer(1).isEnded)
        #expect(driver.transcript.count(.data) == 0 && driver.openStreams == 0)
    }

    // MARK: Flow control

    @Test func waitsForTheStreamsWindow() {
        let driver = HTTP2Driver(hello: HTTP2Frame.hello([(4, 10)]))
        driver.complete = { $0.respond($1, 200, "0123456789abcdef") }
        driver.feed(.request(1))
        #expect(driver.answer(1).text == "0123456789" && driver.unsentBytes == 6)
        driver.feed(.window(1, 4))
        #expect(driver.answer(1).text == "0123456789abcd" && !driver.answer(1).isEnded)
        driver.feed(.window(1, 100))
        #expect(driver.answer(1).isEnded && driver.unsentBytes == 0 && driver.openStreams == 0)
    }

    @Test func waitsForTheConnectionsWindow() {
        let driver = HTTP2Driver()
        let text = String(repeating: "x", count: 40_000)
        driver.complete = { $0.respond($1, 200, text) }
        driver.feed(.request(1), .request(3))
        #expect(driver.answer(1).body.count + driver.answer(3).body.count == 65535)
        driver.feed(.window(0, 100_000))
        #expect(driver.answer(1).isEnded && driver.answer(3).isEnded)
    }

    @Test func tellsTheHandlerToWaitAndToGoOn() {
        let driver = HTTP2Driver(hello: HTTP2Frame.hello([(4, 0)]))
        driver.complete = { driver, stream in driver.start(stream) }
        driver.feed(.request(1))
        let part = [UInt8](repeating: 1, count: 40 << 10)
        #expect(driver.send(1, part))
        #expect(!driver.send(1, part))
        driver.flush()
        #expect(driver.takeWritable() == nil)
        driver.feed(.window(1, 60 << 10))
        #expect(driver.takeWritable() == 1 && driver.takeWritable() == nil)
        driver.end(1)
        driver.feed(.window(1, 60 << 10), .window(0, 60 << 10))
        #expect(driver.answer(1).body.count == 80 << 10 && driver.answer(1).isEnded)
    }

    @Test func keepsLittleOfALongAnswerThatIsAlwaysBehind() {
        let driver = HTTP2Driver()
        driver.complete = { driver, stream in driver.start(stream) }
        driver.feed(.request(1))
        let part = [UInt8](repeating: 1, count: 20 << 10)
        for _ in 0..<100 {
            _ = driver.send(1, part)
            driver.flush()
            driver.feed(.window(0, 20 << 10), .window(1, 20 << 10))
        }
        _ = driver.send(1, part)
        #expect(driver.connection.session.core.streams[0].output.count < 128 << 10)
        driver.end(1)
        driver.feed(.window(0, 20 << 10), .window(1, 20 << 10))
        #expect(driver.answer(1).body.count == 101 * 20 << 10 && driver.answer(1).isEnded)
    }

    @Test func givesCreditForABufferedBodyAsItComes() {
        let driver = HTTP2Driver()
        driver.feed(.request(1, "POST", "/", end: false))
        for _ in 0..<64 { driver.feed(.data(1, [UInt8](repeating: 2, count: 16 << 10), end: false)) }
        driver.feed(.data(1, ""))
        #expect(driver.bodies[1]?.count == 1 << 20 && driver.answer(1).status == 200)
        #expect(driver.transcript.windows[1, default: 0] >= 512 << 10)
    }

    @Test func holdsBackWhatIsBeyondTheHandlersWindow() {
        let driver = HTTP2Driver()
        driver.mode = { _ in .streamed(windowBytes: 1000) }
        driver.consumes = false
        driver.feed(.request(1, "POST", "/", end: false))
        driver.feed(.data(1, [UInt8](repeating: 3, count: 2500)))
        #expect(driver.bodies[1]?.count == 1000 && driver.events == ["head 1 POST /"] && driver.gatheredBytes == 1500)
        driver.connection.consumed(1, bytes: 600)
        driver.run()
        #expect(driver.bodies[1]?.count == 1600)
        driver.connection.consumed(1, bytes: 1000)
        driver.run()
        #expect(driver.bodies[1]?.count == 2500 && driver.events.last == "body 1 2500" && driver.gatheredBytes == 0)
    }

    @Test func givesStreamedCreditOnlyWhenConsumed() {
        let driver = HTTP2Driver()
        driver.mode = { _ in .streamed(windowBytes: 512 << 10) }
        driver.consumes = false
        driver.feed(HTTP2Frame(.settings, flags: HTTP2Frame.acknowledgement))
        driver.feed(.request(1, "POST", "/", end: false))
        let widened = driver.transcript.windows[1, default: 0]
        #expect(widened == 256 << 10)
        for _ in 0..<32 { driver.feed(.data(1, [UInt8](repeating: 2, count: 16 << 10), end: false)) }
        #expect(driver.transcript.windows[1] == widened && driver.bodies[1]?.count == 512 << 10)
        driver.connection.consumed(1, bytes: 512 << 10)
        driver.flush()
        #expect(driver.transcript.windows[1] == widened + 512 << 10)
    }

    @Test(arguments: [false, true])
    func widensAStreamsWindowByWhatItLacks(hasAcknowledged: Bool) {
        var limits = HTTPLimits()
        limits.streamWindowBytes = 1000
        limits.connectionWindowBytes = 30_000
        let driver = HTTP2Driver(limits: limits)
        driver.mode = { _ in .streamed(windowBytes: 512 << 10) }
        driver.consumes = false
        let acknowledgement = HTTP2Frame(.settings, flags: HTTP2Frame.acknowledgement)
        if hasAcknowledged { driver.feed(acknowledgement) }
        driver.feed(.request(1, "POST", "/", end: false))
        if !hasAcknowledged { driver.feed(acknowledgement) }
        #expect(driver.transcript.windows[1] == 29_000)
    }

    @Test func readsNothingWhileThePeerDoesNotRead() {
        let driver = HTTP2Driver()
        driver.reads = false
        let text = String(repeating: "x", count: 60_000)
        driver.complete = { $0.respond($1, 200, text) }
        driver.feed(.request(1), .request(3))
        driver.feed(.request(5))
        #expect(driver.isBlocked && driver.requests.count == 2 && !driver.canProceed)
        driver.reads = true
        driver.flush()
        driver.run()
        #expect(driver.requests.count == 3)
    }

    // MARK: Resets

    @Test func tellsTheHandlerOfAReset() {
        let driver = HTTP2Driver()
        driver.complete = { _, _ in }
        driver.feed(.request(1), .request(3, "POST", "/", end: false), .reset(1), .reset(3))
        #expect(driver.events.filter { $0.hasPrefix("cancelled") }.sorted() == ["cancelled 1", "cancelled 3"])
        #expect(driver.openStreams == 0 && !driver.isOpen(1))
        driver.respond(1, 200, "late")
        driver.flush()
        #expect(driver.answer(1).status == 0)
    }

    @Test func tellsNobodyOfAResetAfterTheAnswer() {
        let driver = HTTP2Driver(hello: HTTP2Frame.hello([(4, 0)]))
        driver.feed(.request(1))
        driver.feed(.reset(1))
        #expect(driver.events == ["head 1 GET /", "body 1 0"] && driver.unsentBytes == 0 && driver.openStreams == 0)
    }

    // MARK: Drain and ends

    @Test func drainsInTwoSteps() {
        let driver = HTTP2Driver()
        driver.complete = { _, _ in }
        driver.feed(.request(1))
        driver.connection.beginDrain()
        driver.flush()
        #expect(driver.transcript.goAways == [[0x7FFF_FFFF, 0]])
        // A stream that was on its way is still taken.
        driver.feed(.request(3))
        driver.feed(.ping(0, flags: HTTP2Frame.acknowledgement))
        #expect(driver.transcript.goAways == [[0x7FFF_FFFF, 0], [3, 0]])
        driver.feed(.request(5))
        #expect(driver.requests.count == 2 && !driver.isDone)
        driver.respond(1, 200, "a")
        driver.respond(3, 200, "b")
        driver.flush()
        #expect(driver.answer(3).text == "b" && driver.isDone && driver.failure == nil)
    }

    @Test func drainsAtOnceWhereNothingIsOpen() {
        let driver = HTTP2Driver()
        driver.connection.beginDrain()
        driver.connection.sayLast()
        driver.flush()
        #expect(driver.isDone && driver.transcript.goAways.last == [0, 0])
    }

    @Test func isFinishedWhenThePeerSaysGoodbye() {
        let driver = HTTP2Driver()
        driver.feed(HTTP2Frame(.goAway, HTTP2Frame.word(0) + HTTP2Frame.word(0)))
        #expect(driver.isDone && driver.failure == nil)
        #expect(driver.transcript.goAways == [[0, 0]], "it hears that none of its streams was taken")
    }

    @Test func answersAPeerThatLeavesBeforeItSaysGoodbye() {
        let driver = HTTP2Driver()
        driver.complete = { _, _ in }
        driver.feed(.request(1), .request(3), HTTP2Frame(.goAway, HTTP2Frame.word(0) + HTTP2Frame.word(0)))
        driver.respond(3, 200, "late")
        driver.flush()
        #expect(!driver.isDone && driver.transcript.goAways.isEmpty, "it may send more")
        driver.feed(.request(5))
        for stream: UInt32 in [5, 1] { driver.respond(stream, 200, "last") }
        driver.flush()
        #expect(driver.answer(5).text == "last" && driver.answer(1).text == "last")
        #expect(driver.isDone && driver.transcript.goAways == [[5, 0]])
        driver.connection.beginDrain()
        let saysMore = driver.connection.hasFramesToMake
        #expect(!saysMore, "it has been told its last stream")
    }

    /// The library would leave out the last of the resets.
    @Test func tellsAPeerThatLeavesOfEachStreamThatItRefuses() {
        var limits = HTTPLimits()
        limits.streamsMax = 1
        let driver = HTTP2Driver(limits: limits)
        driver.complete = { $0.respond($1, 204, "") }
        driver.feed(
            .request(1), .request(3), .request(5), HTTP2Frame(.goAway, HTTP2Frame.word(0) + HTTP2Frame.word(0)))
        #expect(driver.answer(1).status == 204)
        for stream: UInt32 in [3, 5] { #expect(driver.answer(stream).resetCode == HTTP2Error.refusedStream.rawValue) }
        #expect(driver.isDone && driver.transcript.goAways == [[1, 0]])
    }

    @Test func readsTheSameHoweverItIsCut() {
        let wire =
            HTTP2Frame.hello()
            + [
                HTTP2Frame.request(1, "POST", "/a", [("x", "y")], end: false), .data(1, "ab", end: false), .ping(),
                .request(3), .data(1, "c"), HTTP2Frame(.headers, flags: 1, stream: 5, HTTP2Frame.block([])),
                HTTP2Frame(
                    .continuation, flags: HTTP2Frame.endHeaders, stream: 5,
                    HTTP2Frame.block([
                        (":method", "GET"), (":scheme", "http"), (":path", "/c"), (":authority", "x"),
                    ])),
                .request(7, "POST", "/d", end: false), .reset(7),
            ].flatMap(\.bytes)
        let whole = HTTP2Driver(hello: wire).observation
        #expect(whole.contains("head 5 GET /c") && whole.contains("cancelled 7"))
        let bytewise = HTTP2Driver(hello: [])
        for byte in wire { bytewise.feed([byte]) }
        #expect(bytewise.observation == whole)
        for cut in 0..<wire.count {
            let driver = HTTP2Driver(hello: Array(wire[..<cut]))
            driver.feed(Array(wire[cut...]))
            #expect(driver.observation == whole, "cut at \(cut)")
        }
    }

    @Test func isInAHeadWhileCONTINUATIONIsAwaited() {
        let driver = HTTP2Driver()
        driver.feed(HTTP2Frame(.headers, flags: 1, stream: 1, HTTP2Frame.block([(":method", "GET")])))
        #expect(driver.isInHead && !driver.isIdle)
    }

    @Test func needsNoMemoryOfTheSystemInTheSteadyState() {
        let driver = HTTP2Driver()
        let rounds = 20
        var allocations: [Int] = []
        for round in 0..<rounds {
            let ids = (0..<64).map { UInt32(round * 128 + $0 * 2 + 1) }
            driver.feed(ids.flatMap { HTTP2Frame.request($0, "POST", "/", end: false).bytes })
            driver.feed(ids.flatMap { HTTP2Frame.data($0, "{}").bytes })
            allocations.append(driver.context.http2?.pool.systemAllocations ?? 0)
        }
        #expect(driver.transcript.answers.count == 64 * rounds)
        #expect(Set(allocations.dropFirst()).count == 1)
    }
}
