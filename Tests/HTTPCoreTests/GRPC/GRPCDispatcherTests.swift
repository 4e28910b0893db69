import SeededRandom
import Testing

@testable import HTTPCore

/// A dispatcher with the test service over a sink that records.
private final class Harness {
    let service = GRPCTestService()
    let sink = GRPCRecordingSink()
    let dispatcher: GRPCDispatcher
    private var streams: UInt32 = 0

    init(limits: GRPCDispatcher.Limits = GRPCDispatcher.Limits()) {
        dispatcher = GRPCDispatcher([service], limits: limits)
    }

    func begin(
        _ path: String, fields: [(name: String, value: String)] = []
    ) throws -> (exchange: ExchangeID, mode: BodyMode) {
        streams += 2
        let exchange = ExchangeID(loop: 0, connection: 1, generation: 1, stream: streams)
        let head = try RequestHead(
            method: "POST", target: path, fields: [("content-type", "application/grpc")] + fields, version: .http2)
        return (exchange, dispatcher.head(head, exchange, sink))
    }

    func open(_ method: String, fields: [(name: String, value: String)] = []) throws -> ExchangeID {
        let (exchange, mode) = try begin("/test.Texts/\(method)", fields: fields)
        guard case .streamed = mode else { throw GRPCStatus(.unknown, "not accepted") }
        return exchange
    }

    func send(_ bytes: [UInt8], isEnd: Bool = false, _ exchange: ExchangeID) {
        dispatcher.body(bytes.span, isEnd: isEnd, exchange, sink)
    }

    func messages(_ exchange: ExchangeID) -> [String]? {
        unframed(sink.answers[exchange]?.body ?? [])?.map { String(decoding: $0, as: UTF8.self) }
    }

    func status(_ exchange: ExchangeID) -> String? {
        guard let answer = sink.answers[exchange], answer.isOver else { return nil }
        return field("grpc-status", of: answer.trailers)
    }

    func message(_ exchange: ExchangeID) -> String? {
        field("grpc-message", of: sink.answers[exchange]?.trailers)
    }

    /// The status of a call that was answered at its head.
    func status(_ mode: BodyMode) -> String? {
        guard case .answered(.ok, let fields, let body) = mode, body.isEmpty else { return nil }
        return field("grpc-status", of: fields)
    }
}

@Suite struct GRPCDispatcherTests {
    // MARK: The four kinds

    @Test func answersAUnaryCall() throws {
        let harness = Harness()
        let call = try harness.open("Upper")
        harness.send(framed("abc"), isEnd: true, call)
        #expect(harness.messages(call) == ["ABC"])
        #expect(harness.status(call) == "0")
        #expect(field("content-type", of: harness.sink.answers[call]?.fields) == "application/grpc")
        #expect(harness.service.log == ["started Upper", "message abc", "halfClosed"])
        #expect(harness.dispatcher.callCount == 0)
    }

    @Test func waitsForTheEndOfAUnaryCallHoweverItIsCut() throws {
        let bytes = framed("abc")
        for split in 0...bytes.count {
            let harness = Harness()
            let call = try harness.open("Upper")
            harness.send(Array(bytes[..<split]), call)
            harness.send(Array(bytes[split...]), call)
            #expect(harness.sink.answers.isEmpty, "no answer before the end is known")
            harness.send([], isEnd: true, call)
            #expect(harness.messages(call) == ["ABC"], "\(split)")
            #expect(harness.status(call) == "0")
            #expect(harness.sink.consumed[call] == bytes.count)
        }
    }

    @Test func takesAnEmptyMessage() throws {
        let harness = Harness()
        let call = try harness.open("Upper")
        harness.send(framed(""), call)
        harness.send([], isEnd: true, call)
        #expect(harness.messages(call) == [""])
        #expect(harness.status(call) == "0")
    }

    @Test func answersAClientStream() throws {
        let harness = Harness()
        let call = try harness.open("Join")
        harness.send(framed("a") + framed("b") + framed("c").dropLast(), call)
        harness.send([0x63], call)
        harness.send(framed("d"), isEnd: true, call)
        #expect(harness.messages(call) == ["abcd"])
        #expect(harness.status(call) == "0")
    }

    @Test func answersAClientStreamWithoutMessages() throws {
        let harness = Harness()
        let call = try harness.open("Join")
        harness.send([], isEnd: true, call)
        #expect(harness.messages(call) == [""])
    }

    @Test func answersAServerStream() throws {
        let harness = Harness()
        let call = try harness.open("Count")
        harness.send(framed("5"), isEnd: true, call)
        #expect(harness.messages(call) == ["1", "2", "3", "4", "5"])
        #expect(harness.status(call) == "0")
    }

    @Test func sendsNoFasterThanTheClientReads() throws {
        let harness = Harness()
        harness.sink.hasRoom = false
        let call = try harness.open("Count")
        harness.send(framed("3"), isEnd: true, call)
        #expect(harness.messages(call) == ["1"])
        harness.dispatcher.writable(call, harness.sink)
        #expect(harness.messages(call) == ["1", "2"])
        #expect(harness.status(call) == nil)
        harness.sink.hasRoom = true
        harness.dispatcher.writable(call, harness.sink)
        #expect(harness.messages(call) == ["1", "2", "3"])
        #expect(harness.status(call) == "0")
        harness.dispatcher.writable(call, harness.sink)
    }

    @Test func answersBothWaysAtOnce() throws {
        let harness = Harness()
        let call = try harness.open("Echo")
        harness.send(framed("a"), call)
        #expect(harness.messages(call) == ["a"])
        harness.send(framed("b") + framed("c"), call)
        #expect(harness.messages(call) == ["a", "b", "c"])
        #expect(harness.status(call) == nil)
        harness.send([], isEnd: true, call)
        #expect(harness.status(call) == "0")
    }

    @Test func sendsAMessageOfAnyLength() throws {
        for length in [0, 1, (16 << 10) - 1, 16 << 10, (16 << 10) + 1, 200_000] {
            let harness = Harness()
            let call = try harness.open("Echo")
            let text = String(repeating: "z", count: length)
            harness.send(framed(text), isEnd: true, call)
            #expect(harness.messages(call) == [text])
        }
    }

    @Test func answersLaterThanItsEvents() throws {
        let harness = Harness()
        let call = try harness.open("Later")
        harness.send(framed("x"), isEnd: true, call)
        #expect(harness.sink.answers.isEmpty)
        harness.dispatcher.endOfTick(harness.sink)
        #expect(harness.messages(call) == ["later"])
        #expect(harness.status(call) == "0")
    }

    @Test func keepsCallsApart() throws {
        let harness = Harness()
        let calls = try (0..<50).map { _ in try harness.open("Join") }
        for round in 0..<3 {
            for (number, call) in calls.enumerated() { harness.send(framed("\(number)\(round) "), call) }
        }
        for call in calls.reversed() { harness.send([], isEnd: true, call) }
        for (number, call) in calls.enumerated() {
            #expect(harness.messages(call) == ["\(number)0 \(number)1 \(number)2 "])
        }
    }

    // MARK: Ends before the end

    @Test func endsACallWhileTheClientStillSends() throws {
        let harness = Harness()
        let call = try harness.open("Early")
        harness.send(framed("a") + framed("stop") + framed("b"), call)
        #expect(harness.messages(call) == ["a"])
        #expect(harness.status(call) == "10")
        #expect(harness.message(call) == "stopped")
        harness.send(framed("c"), isEnd: true, call)
        #expect(harness.service.log == ["started Early", "message a", "message stop"])
    }

    @Test func refusesACallAtItsHead() throws {
        let harness = Harness()
        let (call, mode) = try harness.begin("/test.Texts/Refuse", fields: [("why", "not you")])
        guard case .answered(.ok, let fields, _) = mode else { throw GRPCStatus(.unknown) }
        #expect(field("grpc-status", of: fields) == "7")
        #expect(field("grpc-message", of: fields) == "not you")
        #expect(harness.sink.answers.isEmpty)
        #expect(harness.dispatcher.callCount == 0)
        harness.send(framed("x"), isEnd: true, call)
        #expect(harness.sink.answers.isEmpty)
    }

    @Test(arguments: ["Upper", "Count", "Join", "Echo"])
    func dropsACancelledCall(method: String) throws {
        let harness = Harness()
        let call = try harness.open(method)
        harness.send([0, 0], call)
        harness.dispatcher.cancelled(call)
        #expect(harness.service.endings == [call: .cancelled])
        #expect(harness.sink.answers.isEmpty)
        #expect(harness.dispatcher.callCount == 0)
        // Nothing that comes late does anything.
        harness.dispatcher.cancelled(call)
        harness.dispatcher.expired(call, harness.sink)
        harness.dispatcher.writable(call, harness.sink)
        harness.send(framed("x"), isEnd: true, call)
        #expect(harness.sink.answers.isEmpty)
        #expect(harness.service.log == ["started \(method)", "ended"])
    }

    @Test func doesNotAnswerLaterACallThatIsGone() throws {
        let harness = Harness()
        let call = try harness.open("Later")
        harness.send(framed("x"), isEnd: true, call)
        harness.dispatcher.cancelled(call)
        harness.dispatcher.endOfTick(harness.sink)
        #expect(harness.service.log.last == "too late")
        #expect(harness.sink.answers.isEmpty)
    }

    @Test func endsACallAtItsDeadline() throws {
        let harness = Harness()
        let call = try harness.open("Later", fields: [("grpc-timeout", "250m")])
        #expect(harness.sink.deadlines[call] == [.milliseconds(250)])
        harness.send(framed("x"), isEnd: true, call)
        harness.dispatcher.expired(call, harness.sink)
        #expect(harness.status(call) == "4")
        #expect(harness.sink.answers[call]?.isTrailersOnly == true)
        #expect(harness.service.endings == [call: .expired])
        harness.dispatcher.endOfTick(harness.sink)
    }

    @Test func endsACallThatHasBegunToAnswerAtItsDeadline() throws {
        let harness = Harness()
        let call = try harness.open("Echo", fields: [("grpc-timeout", "1S")])
        harness.send(framed("a"), call)
        harness.dispatcher.expired(call, harness.sink)
        #expect(harness.messages(call) == ["a"])
        #expect(harness.status(call) == "4")
        #expect(harness.sink.answers[call]?.isTrailersOnly == false)
    }

    @Test func doesNotBeginACallWithoutTime() throws {
        let harness = Harness()
        let (_, mode) = try harness.begin("/test.Texts/Upper", fields: [("grpc-timeout", "0n")])
        #expect(harness.status(mode) == "4")
        #expect(harness.service.log.isEmpty)
        #expect(harness.sink.deadlines.isEmpty)
    }

    @Test func asksForNoDeadlineWithoutTimeout() throws {
        let harness = Harness()
        _ = try harness.open("Upper")
        #expect(harness.sink.deadlines.isEmpty)
    }

    // MARK: What is wrong

    @Test(arguments: [
        "/", "/test.Texts", "/test.Texts/", "/test.Texts/upper", "/test.Texts/Upper/", "/test.texts/Upper",
        "/Texts/Upper", "//Upper", "/test.Texts/Upper2", "/test.Texts/%55pper",
    ])
    func doesNotKnowOtherMethods(path: String) throws {
        let harness = Harness()
        let (_, mode) = try harness.begin(path)
        #expect(harness.status(mode) == "12")
        #expect(harness.dispatcher.callCount == 0)
    }

    @Test(arguments: ["Upper", "Count"])
    func wantsOneMessageWhereThereIsOne(method: String) throws {
        let harness = Harness()
        let none = try harness.open(method)
        harness.send([], isEnd: true, none)
        #expect(harness.status(none) == "12")
        let two = try harness.open(method)
        harness.send(framed("1") + framed("2"), isEnd: true, two)
        #expect(harness.status(two) == "12")
        let twoApart = try harness.open(method)
        harness.send(framed("1"), twoApart)
        harness.send(framed("2"), twoApart)
        #expect(harness.status(twoApart) == "12")
        #expect(harness.service.log.filter { $0.hasPrefix("message") }.isEmpty)
        #expect(harness.service.endings.count == 3)
        #expect(harness.dispatcher.callCount == 0)
    }

    @Test(arguments: ["Upper", "Join", "Count", "Echo"])
    func refusesACallThatEndsInAMessage(method: String) throws {
        for length in 1..<framed("abc").count {
            let harness = Harness()
            let call = try harness.open(method)
            harness.send(Array(framed("abc")[..<length]), isEnd: true, call)
            #expect(harness.status(call) == "13", "\(length)")
            guard case .failed? = harness.service.endings[call] else { throw GRPCStatus(.unknown) }
        }
    }

    @Test func endsACallWithABadMessageAfterGoodOnes() throws {
        let harness = Harness()
        let call = try harness.open("Echo")
        harness.send(framed("a") + [9, 0, 0, 0, 1, 1] + framed("b"), call)
        #expect(harness.messages(call) == ["a"])
        #expect(harness.status(call) == "13")
        #expect(harness.service.log.last == "ended")
    }

    @Test func boundsAMessageByItsMethod() throws {
        let harness = Harness()
        let fits = try harness.open("Tiny")
        harness.send(framed("12345678"), isEnd: true, fits)
        #expect(harness.status(fits) == "0")
        let tooLong = try harness.open("Tiny")
        harness.send(framed("123456789"), isEnd: true, tooLong)
        #expect(harness.status(tooLong) == "8")
        let other = try harness.open("Upper")
        harness.send([0, 0, 0x40, 0, 1], other)
        #expect(harness.status(other) == "8")
    }

    @Test func boundsWhatAllCallsGatherTogether() throws {
        var limits = GRPCDispatcher.Limits()
        limits.gatheredBytesMax = 10_000
        let harness = Harness(limits: limits)
        let start = Array(framed([UInt8](repeating: 1, count: 5000)).dropLast())
        let first = try harness.open("Join")
        harness.send(start, first)
        let second = try harness.open("Upper")
        harness.send(framed([UInt8](repeating: 1, count: 4999)), second)
        let third = try harness.open("Join")
        harness.send(start, third)
        #expect(harness.status(third) == "8")
        #expect(harness.status(first) == nil)
        // Whoever ends gives the room back.
        harness.dispatcher.cancelled(first)
        let fourth = try harness.open("Join")
        harness.send(start, fourth)
        harness.send([1], isEnd: true, fourth)
        #expect(harness.status(fourth) == "0")
        harness.send([], isEnd: true, second)
        #expect(harness.status(second) == "0")
    }

    // MARK: Compressed answers

    /// The flags of an answer's messages, and their texts decompressed.
    private func compressed(_ bytes: [UInt8]) -> (flags: [UInt8], texts: [String]) {
        var reader = GRPCMessageReader(encoding: .gzip, bytesMax: 1 << 26)
        var position = 0
        var flags: [UInt8] = []
        var texts: [String] = []
        while position < bytes.count {
            flags.append(bytes[position])
            switch reader.step(bytes.span, at: &position) {
            case .message(let range): texts.append(String(decoding: bytes[range], as: UTF8.self))
            case .gathered: texts.append(String(decoding: reader.takeGathered(), as: UTF8.self))
            case .needInput, .failed: return (flags, texts)
            }
        }
        return (flags, texts)
    }

    private static let compressing = [
        (name: "grpc-encoding", value: "gzip"), (name: "grpc-accept-encoding", value: "identity,gzip"),
    ]

    @Test func compressesLongAnswersOfAClientThatCompresses() throws {
        let harness = Harness()
        let call = try harness.open("Echo", fields: Self.compressing)
        let texts = [1, 1023, 1024, 50_000, 0, 200_000].map { String(repeating: "abcd ", count: $0 / 5 + 1) }
        for text in texts { harness.send(framed(text), call) }
        harness.send([], isEnd: true, call)
        let answer = try #require(harness.sink.answers[call])
        #expect(field("grpc-encoding", of: answer.fields) == "gzip")
        let (flags, found) = compressed(answer.body)
        #expect(flags == [0, 1, 1, 1, 0, 1])
        #expect(found == texts)
        #expect(answer.body.count < 10_000)
        #expect(harness.status(call) == "0")
    }

    @Test func doesNotCompressWhatGetsNoShorter() throws {
        let compressor = try #require(GRPCMessageCompressor())
        var generator = SeededGenerator(seed: 3)
        let random = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let plain = [UInt8](repeating: 5, count: 2000)
        var bytes: [UInt8] = [9]
        for _ in 0..<3 {
            let isShorter = GRPCMessagePrefix.append(random.span, compressedBy: compressor, to: &bytes)
            #expect(!isShorter)
            #expect(bytes == [9])
        }
        let isShorter = GRPCMessagePrefix.append(plain.span, compressedBy: compressor, to: &bytes)
        #expect(isShorter)
        #expect(bytes.count < 100)
        #expect(compressed(Array(bytes[1...])).texts == [String(repeating: "\u{5}", count: 2000)])
    }

    @Test(
        arguments: [
            [], [("grpc-encoding", "gzip")], [("grpc-accept-encoding", "gzip")],
            [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "identity,deflate")],
        ] as [[(String, String)]])
    func compressesForNobodyElse(fields: [(String, String)]) throws {
        let harness = Harness()
        let call = try harness.open("Echo", fields: fields.map { (name: $0.0, value: $0.1) })
        let text = String(repeating: "x", count: 5000)
        harness.send(framed(text), isEnd: true, call)
        #expect(harness.messages(call) == [text])
        #expect(field("grpc-encoding", of: harness.sink.answers[call]?.fields) == nil)
    }

    @Test func announcesNoCompressionOfOneShortAnswer() throws {
        let harness = Harness()
        let short = try harness.open("Upper", fields: Self.compressing)
        harness.send(framed("abc"), isEnd: true, short)
        #expect(field("grpc-encoding", of: harness.sink.answers[short]?.fields) == nil)
        let long = try harness.open("Upper", fields: Self.compressing)
        harness.send(framed(String(repeating: "x", count: 3000)), isEnd: true, long)
        #expect(field("grpc-encoding", of: harness.sink.answers[long]?.fields) == "gzip")
        #expect(compressed(harness.sink.answers[long]?.body ?? []).texts == [String(repeating: "X", count: 3000)])
    }

    // MARK: Credit

    @Test func givesCreditForWhatItHasTaken() throws {
        let harness = Harness()
        let call = try harness.open("Join")
        let bytes = framed("abcdef")
        harness.send(Array(bytes[..<3]), call)
        #expect(harness.sink.consumed[call] == 3)
        harness.send(Array(bytes[3...]), call)
        #expect(harness.sink.consumed[call] == bytes.count)
    }

    @Test func givesNoCreditWhileACallIsHeld() throws {
        let harness = Harness()
        let call = try harness.open("Slow")
        harness.send(framed("a"), call)
        harness.send(framed("b"), call)
        #expect(harness.sink.consumed[call] == nil)
        if let held = harness.dispatcher.call(call, harness.sink) { held.release() }
        #expect(harness.sink.consumed[call] == 12)
        harness.send(framed("c"), call)
        #expect(harness.sink.consumed[call] == 18)
        harness.send([], isEnd: true, call)
        #expect(harness.status(call) == "0")
    }

    @Test func neverTrapsWhateverIsSent() throws {
        var generator = SeededGenerator(seed: 23)
        let methods = ["Upper", "Join", "Count", "Echo", "Early", "Later", "Slow", "Tiny"]
        for _ in 0..<2000 {
            let harness = Harness()
            let encoding = ["identity", "gzip", "deflate"].randomElement(using: &generator) ?? ""
            let call = try harness.open(
                methods.randomElement(using: &generator) ?? "", fields: [("grpc-encoding", encoding)])
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                let count = Int.random(in: 0...12, using: &generator)
                let bytes = (0..<count).map { _ in
                    UInt8.random(in: Bool.random(using: &generator) ? 0...2 : 0...255, using: &generator)
                }
                harness.send(bytes, isEnd: Int.random(in: 0...4, using: &generator) == 0, call)
            }
            if Bool.random(using: &generator) { harness.dispatcher.expired(call, harness.sink) }
            harness.dispatcher.cancelled(call)
            #expect(harness.dispatcher.callCount == 0)
        }
    }
}
