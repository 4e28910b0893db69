import SeededRandom
import Testing

@testable import HTTPCore

@Suite struct MessageTests {
    @Test(arguments: [
        (Int64(0), "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (-5, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ])
    func writesDates(_ seconds: Int64, _ text: String) {
        #expect(HTTPDate.text(seconds) == text)
    }

    @Test func remakesTheDateLineOncePerSecond() {
        var date = HTTPDate(unixSeconds: 10)
        let isNewAtOnce = date.update(unixSeconds: 10)
        let isNewLater = date.update(unixSeconds: 11)
        #expect(!isNewAtOnce && isNewLater)
        #expect(String(decoding: date.line, as: UTF8.self) == "Date: Thu, 01 Jan 1970 00:00:11 GMT\r\n")
    }

    @Test func neverLetsAValueStartASecondField() {
        let fields = ResponseFields([
            ("X-Name", "a\r\nSet-Cookie: b\0c\u{7F}"), ("Bad Name", "x"), ("", "x"), ("X\r\nY", "x"),
            ("Content-Length", "7"), ("transfer-encoding", "chunked"), ("Connection", "close"), ("Date", "x"),
            ("X-Text", "\u{E4}\t!"),
        ])
        #expect(fields.fields.map(\.name) == ["X-Name", "X-Text"])
        #expect(String(decoding: fields.lines, as: UTF8.self) == "X-Name: a  Set-Cookie: b c \r\nX-Text: \u{E4}\t!\r\n")
    }

    @Test func findsKnownFieldsInAnyCase() throws {
        for field in KnownField.allCases where field.rawValue > KnownField.expect.rawValue {
            for name in [field.name, field.name.uppercased(), field.name.capitalized] {
                let head = try RequestHead(method: "GET", target: "/", fields: [(name, " v ")])
                #expect(head.text(of: field) == "v")
                // One letter more or less is another field.
                let other = try RequestHead(method: "GET", target: "/", fields: [(name + "x", "v"), ("x" + name, "v")])
                #expect(!other.has(field))
            }
        }
    }

    @Test func doesNotTakeAControlByteForAHyphen() {
        let bytes = Array("content\rlength".utf8)
        let wrongField = FieldNameMatch.shared.lookup(bytes.span, 0, bytes.count)
        #expect(wrongField == FieldNameMatch.none)
        let right = Array("cOnTent-length".utf8)
        let rightField = FieldNameMatch.shared.lookup(right.span, 0, right.count)
        #expect(rightField == KnownField.contentLength.rawValue)
    }

    @Test func splitsTheTarget() throws {
        let head = try RequestHead(method: "GET", target: "/a%20b?x=1?y")
        #expect(head.path.text == "/a%20b")
        #expect(head.query?.text == "x=1?y")
        let bare = try RequestHead(method: "GET", target: "/a")
        #expect(bare.query?.text == nil)
        let empty = try RequestHead(method: "GET", target: "/a?")
        #expect(empty.query?.text == "")
    }

    @Test(arguments: [
        ("http://other:81/v2?q", "/v2", "other:81"), ("HTTP://other", "/", "other"), ("http://o?x", "/", "o"),
        ("https://[::1]:8/", "/", "[::1]:8"),
    ])
    func readsAbsoluteTargets(_ target: String, _ path: String, _ host: String) throws {
        let head = try RequestHead(method: "GET", target: target, fields: [("Host", "x")])
        #expect(head.path.text == path)
        #expect(head.text(of: .host) == host)
    }

    @Test func keepsNothingOfTheHeadBefore() {
        let driver = ConnectionDriver()
        driver.feed("GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaa?q HTTP/1.1\r\nHost: x\r\nAccept: a\r\nX-Y: z\r\n\r\n")
        driver.feed("GET /b HTTP/1.1\r\nHost: y\r\n\r\n")
        let head = driver.head
        #expect(head.fieldCount == 1 && !head.has(.accept) && head.query?.text == nil)
        #expect(head.text(named: "x-y") == nil && head.text(of: .host) == "y")
    }

    @Test func listsEveryLineOfAField() throws {
        let head = try RequestHead(
            method: "GET", target: "/", fields: [("If-Match", "\"a\""), ("X", "y"), ("if-match", "\"b\"")])
        #expect(head.texts(of: .ifMatch) == ["\"a\"", "\"b\""])
        #expect(head.text(named: "x") == "y")
    }

    @Test func escapesProblemDetails() {
        let body = ProblemBody.bytes(.badRequest, detail: "a \"quote\" \\ \u{1} \u{1F600}")
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"type":"about:blank","title":"Bad Request","status":400,"detail":"a \"quote\" \\ \u0001 😀"}"#)
    }

    @Test func knowsTheBytesOfATokenAndOfAHost() {
        for byte in UInt8.min...UInt8.max {
            let character = Character(UnicodeScalar(byte))
            let isAlphanumeric = byte < 128 && (character.isLetter || character.isNumber)
            #expect(TokenBytes.contains(byte) == (isAlphanumeric || "!#$%&'*+-.^_`|~".contains(character)))
            let host = [UInt8(ascii: "a"), byte]
            let isHostByte = isAlphanumeric || "!$%&'()*+-.;=_~:".contains(character)
            let isValid = HostSyntax.isValid(host.span)
            #expect(isValid == isHostByte)
        }
    }

    @Test func findsBytesAsAPlainLoopDoes() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let start = Int.random(in: 0...bytes.count, using: &random)
            let end = Int.random(in: start...bytes.count, using: &random)
            let byte = bytes.randomElement(using: &random) ?? 7
            let expected = bytes[start..<end].firstIndex(of: byte) ?? end
            let found = ByteSearch.firstIndex(of: byte, in: bytes.span, from: start, to: end)
            #expect(found == expected, "seed \(seed)")
            let isForbidden = bytes[start..<end].contains { ($0 < 0x20 && $0 != 9) || $0 == 0x7F }
            let saysForbidden = ByteSearch.hasForbiddenValueByte(in: bytes.span, from: start, to: end)
            #expect(saysForbidden == isForbidden, "seed \(seed)")
        }
    }

    @Test func outputBufferKeepsItsBytesThroughGrowthAndUse() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        var buffer = OutputBuffer()
        var expected: [UInt8] = []
        for _ in 0..<3000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                let bytes = (0..<Int.random(in: 0...3000, using: &random)).map { UInt8(truncatingIfNeeded: $0) }
                buffer.append(bytes.span)
                expected += bytes
            case 1:
                buffer.append(UInt8(9))
                expected.append(9)
            case 2:
                let number = Int.random(in: 0...Int.max, using: &random) >> Int.random(in: 0...62, using: &random)
                buffer.append(decimal: number)
                expected += Array(String(number).utf8)
            default:
                let count = Int.random(in: 0...expected.count, using: &random)
                buffer.removeFirst(count)
                expected.removeFirst(count)
            }
        }
        let text = buffer.bytes.text
        #expect(text == String(decoding: expected, as: UTF8.self), "seed \(seed)")
        for number in [0, 9, 10, 99, 100, Int.max] {
            var decimal = OutputBuffer()
            decimal.append(decimal: number)
            let digits = decimal.bytes.text
            #expect(digits == "\(number)")
        }
    }
}

extension String {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
