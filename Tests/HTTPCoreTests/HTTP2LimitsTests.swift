import HTTP2Wire
import Testing

@testable import HTTPCore

/// What is refused, and how.
@Suite struct HTTP2LimitsTests {
    private static let plain = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "x")]

    struct Malformed: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let fields: [(String, String)]
    }

    @Test(arguments: [
        Malformed(testDescription: "no method", fields: [(":scheme", "http"), (":path", "/"), (":authority", "x")]),
        Malformed(testDescription: "no path", fields: [(":method", "GET"), (":scheme", "http"), (":authority", "x")]),
        Malformed(testDescription: "no scheme", fields: [(":method", "GET"), (":path", "/"), (":authority", "x")]),
        Malformed(testDescription: "two methods", fields: plain + [(":method", "GET")]),
        Malformed(testDescription: "late pseudo", fields: [("a", "b")] + plain),
        Malformed(testDescription: "unknown pseudo", fields: plain + [(":x", "y")]),
        Malformed(testDescription: "status", fields: plain + [(":status", "200")]),
        Malformed(
            testDescription: "path without slash",
            fields: [(":method", "GET"), (":scheme", "http"), (":path", "a"), (":authority", "x")]),
        Malformed(
            testDescription: "empty path",
            fields: [(":method", "GET"), (":scheme", "http"), (":path", ""), (":authority", "x")]),
        Malformed(
            testDescription: "star for GET",
            fields: [(":method", "GET"), (":scheme", "http"), (":path", "*"), (":authority", "x")]),
        Malformed(testDescription: "capital in name", fields: plain + [("X-A", "b")]),
        Malformed(testDescription: "connection", fields: plain + [("connection", "close")]),
        Malformed(testDescription: "keep-alive", fields: plain + [("keep-alive", "1")]),
        Malformed(testDescription: "proxy-connection", fields: plain + [("proxy-connection", "x")]),
        Malformed(testDescription: "transfer-encoding", fields: plain + [("transfer-encoding", "chunked")]),
        Malformed(testDescription: "upgrade", fields: plain + [("upgrade", "h2c")]),
        Malformed(testDescription: "te", fields: plain + [("te", "gzip")]),
        Malformed(testDescription: "CR in value", fields: plain + [("a", "b\rc")]),
        Malformed(testDescription: "LF in value", fields: plain + [("a", "b\nc: d")]),
        Malformed(testDescription: "NUL in value", fields: plain + [("a", "b\0")]),
        Malformed(testDescription: "space in name", fields: plain + [("a b", "c")]),
        Malformed(testDescription: "host disagrees", fields: plain + [("host", "y")]),
        Malformed(testDescription: "two lengths", fields: plain + [("content-length", "1"), ("content-length", "1")]),
        Malformed(testDescription: "bad length", fields: plain + [("content-length", "+1")]),
        Malformed(testDescription: "length without body", fields: plain + [("content-length", "1")]),
    ])
    func resetsAMalformedRequest(_ malformed: Malformed) {
        let driver = HTTP2Driver()
        driver.feed(.headers(1, malformed.fields))
        #expect(driver.answer(1).resetCode == HTTP2Error.protocolError.rawValue && driver.requests.isEmpty)
        driver.feed(.request(3))
        #expect(driver.answer(3).status == 200 && driver.openStreams == 0)
    }

    @Test func takesTEWithTrailers() {
        let driver = HTTP2Driver()
        driver.feed(.headers(1, Self.plain + [("te", "trailers"), ("host", "X")]))
        #expect(driver.answer(1).status == 200)
    }

    @Test(arguments: [("ab", true), ("abcd", true), ("abcd", false)])
    func resetsABodyThatIsNotAsLongAsItSaid(_ body: String, _ isEnd: Bool) {
        let driver = HTTP2Driver()
        driver.feed(.request(1, "POST", "/", [("content-length", "3")], end: false), .data(1, body, end: isEnd))
        #expect(driver.answer(1).resetCode == HTTP2Error.protocolError.rawValue)
        #expect(driver.events == ["head 1 POST /", "cancelled 1"])
    }

    struct Refused: Sendable {
        let status: Int
        let fields: [(String, String)]
    }

    @Test(arguments: [
        Refused(
            status: 501, fields: [(":method", "BREW"), (":scheme", "http"), (":path", "/"), (":authority", "x")]),
        Refused(
            status: 400, fields: [(":method", "GET"), (":scheme", "http"), (":path", "/#a"), (":authority", "x")]),
        Refused(
            status: 400, fields: [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a,b")]),
        Refused(
            status: 414,
            fields: [
                (":method", "GET"), (":scheme", "http"), (":path", "/" + String(repeating: "a", count: 9000)),
                (":authority", "x"),
            ]),
        Refused(status: 431, fields: plain + (0..<101).map { ("a\($0)", "b") }),
        Refused(status: 431, fields: plain + [("a", String(repeating: "b", count: 16 << 10))]),
    ])
    func answersWhatItDoesNotServe(_ refused: Refused) {
        let driver = HTTP2Driver()
        var block = HTTP2Frame.block(refused.fields)
        let first = Array(block.prefix(16 << 10))
        block.removeFirst(first.count)
        if block.isEmpty {
            driver.feed(HTTP2Frame(.headers, flags: 5, stream: 1, first))
        } else {
            driver.feed(
                HTTP2Frame(.headers, flags: 1, stream: 1, first), HTTP2Frame(.continuation, flags: 4, stream: 1, block))
        }
        #expect(driver.answer(1).status == refused.status && driver.requests.isEmpty && driver.openStreams == 0)
        #expect(driver.answer(1).fields["content-type"] == "application/problem+json")
    }

    /// A little too long is told; many times too long is not looked at to its end.
    @Test(arguments: [(5, 431), (5000, 0)]) func countsAListThatHPACKMakesLong(_ repeats: Int, _ status: Int) {
        let driver = HTTP2Driver()
        // One field of 3000 bytes goes into the table (index 62); a byte each names it again.
        let big = [0x40] + [1, 0x61] + [127, 0xB9, 0x16] + [UInt8](repeating: 0x62, count: 3000)
        let block = HTTP2Frame.block(Self.plain) + big + [UInt8](repeating: 0xBE, count: repeats)
        driver.feed(HTTP2Frame(.headers, flags: 5, stream: 1, block))
        #expect(driver.answer(1).status == status && driver.requests.isEmpty && driver.openStreams == 0)
        #expect(driver.answer(1).resetCode == (status == 0 ? HTTP2Error.internalError.rawValue : nil))
        driver.feed(.request(3))
        #expect(driver.answer(3).status == 200)
    }

    @Test(arguments: [false, true]) func refusesABodyLongerThanLimit(_ isSaid: Bool) {
        let driver = HTTP2Driver()
        driver.mode = { _ in .buffered(bytesMax: 4) }
        driver.feed(.request(1, "POST", "/", isSaid ? [("content-length", "6")] : [], end: false))
        driver.feed(.data(1, "abc", end: false))
        driver.feed(.data(1, "def"))
        #expect(driver.answer(1).status == 413 && driver.answer(1).isEnded)
        #expect(driver.events == ["head 1 POST /", "cancelled 1"] && driver.gatheredBytes == 0)
    }

    @Test func refusesBodiesBeyondTheRoomForAll() {
        var limits = HTTPLimits()
        limits.gatheredBytesMax = 10
        let driver = HTTP2Driver(limits: limits)
        driver.feed(.request(1, "POST", "/", end: false), .request(3, "POST", "/", end: false))
        driver.feed(.data(1, "12345678", end: false), .data(3, "1234", end: false))
        #expect(driver.answer(3).status == 503 && driver.answer(3).fields["retry-after"] == "1")
        driver.feed(.data(1, "9"))
        #expect(driver.answer(1).text == "POST /|123456789" && driver.gatheredBytes == 0)
    }

    @Test func refusesOneStreamTooMany() {
        var limits = HTTPLimits()
        limits.streamsMax = 2
        let driver = HTTP2Driver(limits: limits)
        driver.complete = { _, _ in }
        driver.feed(HTTP2Frame(.settings, flags: HTTP2Frame.acknowledgement))
        driver.feed(.request(1), .request(3))
        driver.feed(.request(5))
        #expect(driver.requests.count == 2)
        #expect(
            driver.transcript.goAways.last?.last == HTTP2Error.protocolError.rawValue || driver.answer(5).resetCode == 7
        )
    }

    @Test func refusesStreamsWhileTooManyAnswersWait() {
        var limits = HTTPLimits()
        limits.queuedBytesMax = 1000
        let driver = HTTP2Driver(limits: limits, hello: HTTP2Frame.hello([(4, 0)]))
        let text = String(repeating: "x", count: 2000)
        driver.complete = { $0.respond($1, 200, text) }
        driver.feed(.request(1))
        driver.feed(.request(3))
        #expect(driver.answer(3).resetCode == HTTP2Error.refusedStream.rawValue && driver.requests.count == 1)
        driver.feed(.window(1, 10_000))
        driver.feed(.request(5))
        #expect(driver.requests.count == 2)
    }

    @Test func givesAStreamUpOnceWhoseWindowStaysShut() {
        let driver = HTTP2Driver(hello: HTTP2Frame.hello([(4, 0)]))
        driver.complete = { $0.respond($1, 200, "text") }
        driver.feed(.request(1))
        let first = driver.connection.answerDeadline(stall: 100, now: 5)
        let second = driver.connection.answerDeadline(stall: 100, now: 50)
        let early = driver.connection.timeOutAnswers(stall: 100, now: 104)
        let late = driver.connection.timeOutAnswers(stall: 100, now: 105)
        #expect(first == 105 && second == 105 && early == 0 && late == 1)
        // Before its frame can be made, as where the socket takes nothing: the connection has its own deadline.
        let again = driver.connection.timeOutAnswers(stall: 100, now: 500)
        let none = driver.connection.answerDeadline(stall: 100, now: 500)
        #expect(again == 0 && none == nil)
        driver.flush()
        #expect(driver.answer(1).resetCode == HTTP2Error.cancel.rawValue && driver.openStreams == 0)
    }

    /// Its clock begins when the peer has been sent all that its window allows: its head, where that is nothing.
    @Test func measuresAStreamFromTheBytesThatItsPeerHasTaken() {
        let driver = HTTP2Driver(hello: HTTP2Frame.hello([(4, 0)]))
        driver.complete = { $0.respond($1, 200, "text") }
        driver.reads = false
        driver.feed(.request(1))
        let unsent = driver.connection.answerDeadline(stall: 100, now: 5)
        driver.reads = true
        driver.flush()
        let headSent = driver.connection.answerDeadline(stall: 100, now: 50)
        // A second one, and credit of the connection's alone, move nothing of the first.
        driver.feed(.request(3), .window(0, 100), .ping())
        let both = driver.connection.answerDeadline(stall: 100, now: 60)
        #expect(unsent == nil && headSent == 150 && both == 150)
        // A byte of the first does, where it has been taken.
        driver.reads = false
        driver.feed(.window(1, 1))
        let framed = driver.connection.answerDeadline(stall: 100, now: 70)
        driver.reads = true
        driver.flush()
        let taken = driver.connection.answerDeadline(stall: 100, now: 80)
        #expect(framed == 160 && taken == 160)
        let none = driver.connection.timeOutAnswers(stall: 100, now: 159)
        let second = driver.connection.timeOutAnswers(stall: 100, now: 160)
        let left = driver.connection.answerDeadline(stall: 100, now: 160)
        let first = driver.connection.timeOutAnswers(stall: 100, now: 180)
        #expect(none == 0 && second == 1 && left == 180 && first == 1)
        driver.flush()
        #expect(driver.answer(1).resetCode == 8 && driver.answer(3).resetCode == 8 && driver.openStreams == 0)
    }

    @Test func answers408WhereABodyComesTooSlowly() {
        let driver = HTTP2Driver()
        let rate = HTTP2BodyRate(bytesPerSecond: 100, grace: 5_000_000_000, longest: .max, linger: 1, unread: 0)
        driver.feed(.request(1, "POST", "/", end: false), .request(3, "POST", "/", end: false))
        driver.feed(.data(3, [UInt8](repeating: 1, count: 300), end: false))
        #expect(driver.connection.bodyDeadline(rate) == 5_000_000_000)
        driver.context.nanoseconds = 6_000_000_000
        let first = driver.connection.timeOutBody(rate, context: &driver.context)
        let second = driver.connection.timeOutBody(rate, context: &driver.context)
        driver.flush()
        #expect(first == 1 && second == nil && driver.answer(1).status == 408)
        driver.feed(.data(3, "x"))
        #expect(driver.answer(3).status == 200)
    }

    /// However fast: a body that is gathered has an end. One that is handed on, and a call, may go on.
    @Test func answers408WhereAGatheredBodyTakesTooLong() {
        let rate = HTTP2BodyRate(bytesPerSecond: 1, grace: 5_000_000_000, longest: 7_000_000_000, linger: 1, unread: 0)
        for (mode, isLate) in [
            (BodyMode.buffered(bytesMax: 1 << 20), true), (.streamed(windowBytes: 1 << 20), false),
            (.streamed(windowBytes: 1 << 20, isPaced: false), false),
        ] {
            let driver = HTTP2Driver()
            driver.mode = { _ in mode }
            driver.feed(.request(1, "POST", "/", end: false), .data(1, [UInt8](repeating: 1, count: 1000), end: false))
            driver.context.nanoseconds = 8_000_000_000
            let late = driver.connection.timeOutBody(rate, context: &driver.context)
            driver.flush()
            #expect((late == 1) == isLate && driver.answer(1).status == (isLate ? 408 : 0))
            if case .streamed(_, false) = mode { #expect(driver.connection.bodyDeadline(rate) == nil) }
        }
    }

    @Test func countsWhatItRefuses() {
        let driver = HTTP2Driver()
        driver.feed(.headers(1, [(":method", "GET"), (":scheme", "http"), (":path", "/#a"), (":authority", "x")]))
        driver.feed(.request(3, "POST", "/", [("content-encoding", "gzip")], end: false), .data(3, "no gzip"))
        #expect(driver.context.refusals[Int(RequestFailure.malformedTarget.rawValue)] == 1)
        #expect(driver.context.refusals[Int(RequestFailure.damagedContentCoding.rawValue)] == 1)
        #expect(driver.context.refusalCount == 2)
    }

    // MARK: Floods

    struct Flood: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let frame: HTTP2Frame
    }

    @Test(arguments: [
        Flood(testDescription: "PRIORITY", frame: HTTP2Frame(.priority, stream: 1, [0, 0, 0, 3, 1])),
        Flood(testDescription: "WINDOW_UPDATE", frame: .window(0, 1)),
        Flood(testDescription: "empty DATA", frame: .data(1, "", end: false)),
        Flood(testDescription: "unknown", frame: HTTP2Frame(type: 77, flags: 0, stream: 1, payload: [])),
        Flood(testDescription: "SETTINGS", frame: .settings([])),
        Flood(testDescription: "PING", frame: .ping()),
    ])
    func endsAFloodOfFramesOfNoUse(_ flood: Flood) {
        let driver = HTTP2Driver()
        driver.feed(.request(1, "POST", "/", end: false))
        var sent = 0
        while !driver.isFinished, sent < 2000 {
            driver.feed(flood.frame)
            sent += 1
        }
        #expect(driver.isFinished && driver.isDone && sent >= 900 && sent < 1100)
        #expect(driver.transcript.goAways.last?.last == HTTP2Error.enhanceYourCalm.rawValue)
        #expect(driver.failure == .enhanceYourCalm && driver.connection.mustLinger)
    }

    @Test func lettersOfNoUseAreForgivenWithTime() {
        let driver = HTTP2Driver()
        for round in 0..<100 {
            driver.context.nanoseconds = Int64(round) * 1_000_000_000
            for _ in 0..<100 { driver.feed(.ping()) }
        }
        #expect(!driver.isFinished && driver.transcript.count(.ping) == 10_000)
    }

    @Test func endsRapidResets() {
        let driver = HTTP2Driver()
        driver.complete = { _, _ in }
        var stream: UInt32 = 1
        while !driver.isDone, stream < 2000 {
            driver.feed(.request(stream), .reset(stream))
            stream += 2
        }
        #expect(driver.isDone && stream < 500)
        // The reset beyond the bound is not looked at any more: its stream goes with the connection.
        let cancelled = driver.events.count { $0.hasPrefix("cancelled") }
        #expect(cancelled == driver.requests.count - 1 && driver.openStreams == 1)
        #expect(driver.failure == .enhanceYourCalm)
    }

    @Test func endsAPeerThatMakesItReset() {
        let driver = HTTP2Driver()
        driver.complete = { _, _ in }
        var stream: UInt32 = 1
        while !driver.isDone, stream < 2000 {
            // A window beyond 2^31 - 1 is an error of the stream, for which we have to reset it.
            driver.feed(.request(stream), .window(stream, 0x7FFF_FFFF))
            stream += 2
        }
        #expect(driver.isDone && stream < 500)
        #expect(driver.transcript.goAways.last?.last == HTTP2Error.enhanceYourCalm.rawValue)
        #expect(driver.events.count { $0.hasPrefix("cancelled") } >= driver.requests.count - 1)
    }

    @Test func endsACONTINUATIONFlood() {
        let driver = HTTP2Driver()
        driver.feed(HTTP2Frame(.headers, flags: 1, stream: 1, HTTP2Frame.block([(":method", "GET")])))
        for number in 0..<10 {
            driver.feed(HTTP2Frame(.continuation, stream: 1, HTTP2Frame.block([("a\(number)", "b")])))
        }
        #expect(driver.isFinished && driver.isDone && driver.requests.isEmpty && driver.failure != nil)
    }

    @Test func endsSETTINGSWithTooManyEntries() {
        let driver = HTTP2Driver()
        driver.feed(.settings((0..<33).map { _ in (3, 100) }))
        #expect(driver.isDone && driver.transcript.goAways.last?.last == HTTP2Error.enhanceYourCalm.rawValue)
    }

    @Test func endsAcknowledgementsThatNobodyReads() {
        let driver = HTTP2Driver()
        driver.reads = false
        for _ in 0..<300 { driver.pending += HTTP2Frame.ping().bytes }
        driver.run()
        #expect(driver.isFinished && driver.failure == .enhanceYourCalm)
    }

    @Test(arguments: [
        HTTP2Frame(type: 0, flags: 0, stream: 0, payload: [1]),
        HTTP2Frame(type: 1, flags: 5, stream: 2, payload: HTTP2Frame.block(plain)),
        HTTP2Frame(type: 5, flags: 4, stream: 1, payload: [0, 0, 0, 2]),
        HTTP2Frame(type: 9, flags: 4, stream: 1, payload: []),
        HTTP2Frame(type: 8, flags: 0, stream: 0, payload: [0, 0, 0, 0]),
        HTTP2Frame(type: 4, flags: 0, stream: 1, payload: []),
        HTTP2Frame(type: 1, flags: 5, stream: 1, payload: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
    ])
    func endsWhatBreaksTheProtocol(_ frame: HTTP2Frame) {
        let driver = HTTP2Driver()
        driver.feed(frame)
        #expect(driver.isDone && driver.failure != nil && driver.transcript.goAways.count == 1)
    }

    @Test func endsAFrameThatIsTooLongAtItsHeader() {
        let driver = HTTP2Driver()
        driver.feed([0, 0x40, 1, 0, 0, 0, 0, 0, 1])
        #expect(driver.isDone && driver.transcript.goAways.last?.last == HTTP2Error.frameSizeError.rawValue)
    }

    @Test func endsWhatDoesNotBeginWithSETTINGS() {
        let driver = HTTP2Driver(hello: Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + HTTP2Frame.ping())
        #expect(driver.isDone && driver.failure != nil)
    }

    @Test func endsBytesBeyondTheWindow() {
        let driver = HTTP2Driver()
        driver.mode = { _ in .streamed(windowBytes: 1000) }
        driver.consumes = false
        driver.feed(.request(1, "POST", "/", end: false))
        for _ in 0..<20 { driver.feed(.data(1, [UInt8](repeating: 0, count: 16 << 10), end: false)) }
        #expect(driver.gatheredBytes <= 256 << 10)
        #expect(
            driver.answer(1).resetCode == HTTP2Error.flowControlError.rawValue || driver.failure == .flowControlError)
    }
}
