import Compression
import HTTP2Wire
import Testing

@testable import HTTPCore

/// Content coding over HTTP/2: the same rules as over HTTP/1, per stream.
@Suite struct HTTP2CodingTests {
    private static let text = (0..<400).map { "{\"row\": \($0), \"value\": \($0 * 7919 % 1000)}" }.joined(
        separator: ",")

    private static func post(_ stream: UInt32, _ coding: String, _ length: Int? = nil) -> HTTP2Frame {
        var fields = [("content-encoding", coding)]
        if let length { fields.append(("content-length", "\(length)")) }
        return .request(stream, "POST", "/p", fields, end: false)
    }

    @Test(
        arguments: [
            (Coded.helloGzip, "gzip"), (Coded.helloGzip, "x-gzip"), (Coded.helloZlib, "deflate"),
            (Coded.helloRaw, "deflate"), (Coded.helloGzip, "identity, gzip"),
        ], [false, true])
    func decodesWholeAndAtEachSplit(_ body: ([UInt8], String), _ isStreamed: Bool) {
        for split in 0...body.0.count {
            let driver = HTTP2Driver()
            if isStreamed { driver.mode = { _ in .streamed(windowBytes: 5) } }
            driver.feed(Self.post(1, body.1, body.0.count))
            driver.feed(.data(1, Array(body.0[..<split]), end: false), .data(1, Array(body.0[split...])))
            #expect(driver.text(1) == Coded.hello && driver.answer(1).status == 200)
            #expect(driver.gatheredBytes == 0 && driver.openStreams == 0)
        }
    }

    @Test func decodesManyStreamsAtOnce() {
        let driver = HTTP2Driver()
        driver.complete = { $0.respond($1, 200, "") }
        let bodies = (0..<20).map { index in Coded.gzip("body \(index) " + Self.text.prefix(index * 500)) }
        for index in 0..<20 { driver.feed(Self.post(UInt32(2 * index + 1), "gzip")) }
        for piece in 0..<40 {
            for index in 0..<20 {
                let part = Array(bodies[index].dropFirst(piece * 100).prefix(100))
                let isEnd = bodies[index].count <= (piece + 1) * 100
                guard !part.isEmpty else { continue }
                driver.feed(.data(UInt32(2 * index + 1), part, end: isEnd))
            }
        }
        for index in 0..<20 {
            #expect(driver.text(UInt32(2 * index + 1)) == "body \(index) " + Self.text.prefix(index * 500))
        }
        #expect(driver.gatheredBytes == 0 && driver.openStreams == 0)
    }

    /// Credit is of decoded bytes, and nothing is decoded without it.
    @Test func streamsNoFurtherThanTheHandlerTakes() {
        let driver = HTTP2Driver()
        driver.mode = { _ in .streamed(windowBytes: 1000) }
        driver.consumes = false
        driver.complete = { $0.respond($1, 200, "") }
        let wire = Coded.gzip(String(repeating: "a", count: 100_000))
        driver.feed(Self.post(1, "gzip"), .data(1, wire))
        #expect(driver.text(1).utf8.count == 1000)
        #expect(driver.gatheredBytes <= wire.count)
        for taken in 1...99 {
            driver.connection.consumed(1, bytes: 1000)
            driver.run()
            #expect(driver.text(1).utf8.count == (taken + 1) * 1000)
        }
        driver.connection.consumed(1, bytes: 1000)
        driver.run()
        driver.flush()
        #expect(driver.text(1) == String(repeating: "a", count: 100_000) && driver.answer(1).status == 200)
        #expect(driver.gatheredBytes == 0 && driver.openStreams == 0)
    }

    @Test(arguments: [9, 10, 11]) func holdsTheBoundOfDecodedBytesExactly(_ length: Int) {
        let driver = HTTP2Driver()
        driver.mode = { _ in .buffered(bytesMax: 10) }
        driver.feed(Self.post(1, "gzip"), .data(1, Coded.gzip(String(repeating: "b", count: length))))
        #expect(driver.answer(1).status == (length > 10 ? 413 : 200))
        #expect(driver.gatheredBytes == 0 && driver.openStreams == 0)
    }

    @Test(arguments: [false, true]) func refusesABombWithoutMakingIt(_ isStreamed: Bool) {
        let driver = HTTP2Driver()
        driver.mode = { _ in isStreamed ? .streamed(windowBytes: 1 << 20) : .buffered(bytesMax: 1 << 30) }
        driver.feed(Self.post(1, "gzip"))
        let bomb = Coded.code([UInt8](repeating: 0, count: 20 << 20), level: 9)
        for start in stride(from: 0, to: bomb.count, by: 16 << 10) {
            driver.feed(.data(1, Array(bomb[start..<min(bomb.count, start + 16 << 10)]), end: false))
            #expect(driver.gatheredBytes < 8 << 20)
        }
        #expect(driver.answer(1).status == 413)
        #expect(driver.events.contains("cancelled 1") && driver.gatheredBytes == 0)
        driver.feed(.request(3))
        #expect(driver.answer(3).status == 200)
    }

    struct Broken: Sendable {
        let status: Int
        let coding: String
        let body: [UInt8]
    }

    @Test(
        arguments: [
            Broken(status: 415, coding: "br", body: [1]),
            Broken(status: 415, coding: "gzip, gzip", body: Coded.helloGzip),
            Broken(status: 400, coding: "gzip", body: Coded.helloGzip.dropLast()),
            Broken(status: 400, coding: "gzip", body: Coded.helloGzip + [1]),
            Broken(status: 400, coding: "gzip", body: Array("{}".utf8)),
            Broken(status: 400, coding: "deflate", body: Coded.helloZlib.dropLast() + [0]),
            Broken(status: 400, coding: "gzip", body: []),
        ], [false, true])
    func refusesWhatCannotBeDecoded(_ broken: Broken, _ isStreamed: Bool) {
        let driver = HTTP2Driver()
        if isStreamed { driver.mode = { _ in .streamed(windowBytes: 1000) } }
        driver.feed(Self.post(1, broken.coding), .data(1, broken.body))
        #expect(driver.answer(1).status == broken.status && driver.openStreams == 0 && driver.gatheredBytes == 0)
        #expect(driver.events.last == "cancelled 1")
        #expect((driver.answer(1).fields["accept-encoding"] == "gzip, deflate") == (broken.status == 415))
    }

    @Test(arguments: ["POST", "PUT"], [false, true])
    func refusesACodedBodyThatEndsWithItsHead(_ method: String, _ isStreamed: Bool) {
        let driver = HTTP2Driver()
        if isStreamed { driver.mode = { _ in .streamed(windowBytes: 1000) } }
        driver.feed(.request(1, method, "/p", [("content-encoding", "gzip")]))
        #expect(driver.answer(1).status == 400 && driver.openStreams == 0)
        driver.feed(.request(3, "GET", "/p", [("content-encoding", "gzip")]))
        #expect(driver.answer(3).status == 200)
    }

    // MARK: Answers

    private static func answer(
        _ accept: String?, method: String = "GET", _ text: String = text, _ fields: ResponseFields = .json
    ) -> HTTP2Transcript.Answer {
        let driver = HTTP2Driver()
        driver.complete = { driver, stream in
            let body = Array(text.utf8)
            driver.connection.respond(stream, .ok, fields, body: body.span, context: &driver.context)
        }
        driver.feed(.request(1, method, "/", accept.map { [("accept-encoding", $0)] } ?? []))
        return driver.answer(1)
    }

    @Test func codesALongAnswerForAClientThatAsks() {
        let answer = Self.answer("br, gzip")
        #expect(answer.fields["content-encoding"] == "gzip" && answer.fields["vary"] == "Accept-Encoding")
        #expect(Coded.text(answer.body) == Self.text && answer.fields["content-length"] == "\(answer.body.count)")
        #expect(Self.answer("deflate").fields["content-encoding"] == "deflate")
        let head = Self.answer("br, gzip", method: "HEAD")
        #expect(head.fields == answer.fields && head.body.isEmpty && head.isEnded)
        for plain in [Self.answer(nil), Self.answer("gzip;q=0")] {
            #expect(plain.fields["content-encoding"] == nil && plain.fields["vary"] == "Accept-Encoding")
            #expect(plain.text == Self.text)
        }
        let short = Self.answer("gzip", "{}")
        #expect(short.text == "{}" && short.fields["vary"] == nil)
        let tagged = Self.answer("gzip", Self.text, ResponseFields.json.adding([("ETag", "\"a\"")]))
        #expect(tagged.text == Self.text && tagged.fields["content-encoding"] == nil)
    }

    @Test func codesAnAnswerInPieces() {
        let driver = HTTP2Driver()
        driver.complete = { _, _ in }
        driver.feed(.request(1, "GET", "/", [("accept-encoding", "gzip")]))
        driver.start(1, .json)
        for piece in ["one ", "two ", "three"] {
            #expect(driver.send(1, Array(piece.utf8)))
            driver.flush()
        }
        driver.end(1)
        driver.flush()
        #expect(driver.answer(1).fields["content-encoding"] == "gzip")
        #expect(Coded.text(driver.answer(1).body) == "one two three" && driver.openStreams == 0)
        driver.feed(.request(3, "GET", "/", [("accept-encoding", "gzip")]))
        driver.start(3, .json)
        driver.end(3)
        driver.flush()
        #expect(driver.answer(3).fields["content-encoding"] == nil && driver.answer(3).body.isEmpty)
    }
}
