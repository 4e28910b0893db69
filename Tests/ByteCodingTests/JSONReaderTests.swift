import ByteCoding
import SeededRandom
import Testing

@Suite struct JSONReaderTests {
    private static let document = Array(
        #" {"name" : "a\u00e9\ud83d\ude00\n", "data":[1, -2.5e3 ,[],{}, true,false,null],"größe":"µ" } "#.utf8)

    @Test func pullsADocument() throws {
        var reader = JSONReader(Self.document.span)
        var keys: [String] = []
        var numbers: [JSONNumber] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            keys.append(reader.string(key))
            if reader.equals(key, "data") {
                try reader.beginArray()
                while try reader.nextElement() {
                    switch try reader.peek() {
                    case .number: numbers.append(try reader.readNumber())
                    default: _ = try reader.skipValue()
                    }
                }
            } else {
                let token = try reader.readString()
                let text = reader.string(token)
                #expect(text == (keys.count == 1 ? "aé😀\n" : "µ"))
                #expect(token.hasEscapes == (keys.count == 1))
            }
        }
        try reader.finish()
        #expect(keys == ["name", "data", "größe"])
        #expect(numbers == [.int64(1), .double(-2500)])
    }

    @Test func comesBackToAnEarlierValue() throws {
        let text = Array(#"{"data":[[1,2],[3]],"shape":[2]}"#.utf8)
        var reader = JSONReader(text.span)
        try reader.beginObject()
        _ = try reader.nextKey()
        let place = try reader.skipValue()
        #expect(place == 8..<19)
        var again = JSONReader(text.span, at: place.lowerBound)
        var sum: Int64 = 0
        try again.beginArray()
        while try again.nextElement() {
            try again.beginArray()
            while try again.nextElement() { sum += try again.readInt64() }
        }
        #expect(sum == 6)
        let end = again.offset
        #expect(end == place.upperBound)
    }

    @Test func givesEachPlainStringAsItsBytes() throws {
        let text = Array(#"["plain","wörd"]"#.utf8)
        var reader = JSONReader(text.span)
        try reader.beginArray()
        _ = try reader.nextElement()
        let plain = try reader.readString()
        let bytes = reader.bytes(of: plain)
        let isPlain = bytes.count == 5 && bytes[0] == UInt8(ascii: "p")
        #expect(isPlain)
        _ = try reader.nextElement()
        let word = try reader.readString()
        #expect(!word.hasEscapes)
        let isEqual = reader.equals(word, "wörd")
        let isEqualToOther = reader.equals(word, "word")
        #expect(isEqual && !isEqualToOther)
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9\u20ac""#, "Aé€"),
        (#""\uD834\uDD1Ex""#, "𝄞x"),
        (#""""#, ""), (#""\u0000""#, "\0"), (#""\uFFFF""#, "\u{FFFF}"),
    ])
    func decodesEscapes(text: String, expected: String) throws {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        let token = try reader.readString()
        let decoded = reader.string(token)
        #expect(decoded == expected)
        let isEqual = reader.equals(token, expected)
        #expect(isEqual)
        let isEqualToMore = reader.equals(token, expected + "x")
        #expect(!isEqualToMore)
    }

    @Test(arguments: [
        ("0", JSONNumber.int64(0)), ("-1", .int64(-1)), ("9007199254740993", .int64(9_007_199_254_740_993)),
        ("9223372036854775807", .int64(.max)), ("-9223372036854775808", .int64(.min)),
        ("9223372036854775808", .uint64(1 << 63)), ("18446744073709551615", .uint64(.max)),
        ("18446744073709551616", .double(18446744073709551616)),
        ("-9223372036854775809", .double(-9223372036854775808)),
        ("1.0", .double(1)), ("1e2", .double(100)), ("1E-2", .double(0.01)),
        ("100000000000000000000", .double(1e20)),
    ])
    func keepsIntegersExact(text: String, expected: JSONNumber) throws {
        let number = read(text) { reader throws(JSONError) in try reader.readNumber() }
        #expect(number == .success(expected))
    }

    @Test func keepsTheSignOfZero() throws {
        for text in ["-0", "-0.0", "-0e7"] {
            let value = try read(text) { reader throws(JSONError) in try reader.readDouble() }.get()
            #expect(value == 0 && value.sign == .minus)
            let number = try read(text) { reader throws(JSONError) in try reader.readNumber() }.get()
            guard case .double(let zero) = number else {
                Issue.record("\(text) became an integer")
                continue
            }
            #expect(zero.sign == .minus)
        }
    }

    @Test(arguments: [
        ("1.0", JSONError.Reason.notAnInteger), ("1e3", .notAnInteger), ("9223372036854775808", .integerOutOfRange),
        ("-9223372036854775809", .integerOutOfRange), ("99999999999999999999999", .integerOutOfRange),
        ("true", .unexpectedByte(UInt8(ascii: "t"), expected: .number)),
        ("00", .leadingZero),
    ])
    func refusesWhatIsNoInteger(text: String, reason: JSONError.Reason) {
        let result = read(text) { reader throws(JSONError) in try reader.readInt64() }
        let error = #expect(throws: JSONError.self) { try result.get() }
        #expect(error?.reason == reason)
    }

    @Test(arguments: [
        ("", 0, JSONError.Reason.unexpectedEnd(expected: .value)),
        ("  ", 2, .unexpectedEnd(expected: .value)),
        ("[1,]", 3, .unexpectedByte(0x5D, expected: .value)),
        ("[,1]", 1, .unexpectedByte(0x2C, expected: .value)),
        ("[1 2]", 3, .unexpectedByte(0x32, expected: .commaOrArrayEnd)),
        ("[1}", 2, .unexpectedByte(0x7D, expected: .commaOrArrayEnd)),
        ("{\"a\":1]", 6, .unexpectedByte(0x5D, expected: .commaOrObjectEnd)),
        ("{\"a\":1,}", 7, .unexpectedByte(0x7D, expected: .key)),
        ("{\"a\" 1}", 5, .unexpectedByte(0x31, expected: .colon)),
        ("{a:1}", 1, .unexpectedByte(0x61, expected: .keyOrEnd)),
        ("{\"a\":}", 5, .unexpectedByte(0x7D, expected: .value)),
        ("1 2", 2, .unexpectedByte(0x32, expected: .end)),
        ("tru", 3, .unexpectedEnd(expected: .value)),
        ("trux", 3, .unexpectedByte(0x78, expected: .value)),
        ("nul]", 3, .unexpectedByte(0x5D, expected: .value)),
        ("01", 1, .leadingZero), ("-01", 2, .leadingZero), ("1.", 2, .unexpectedEnd(expected: .digit)),
        ("1.e5", 2, .unexpectedByte(0x65, expected: .digit)), ("1e", 2, .unexpectedEnd(expected: .digit)),
        ("1e+", 3, .unexpectedEnd(expected: .digit)), ("-", 1, .unexpectedEnd(expected: .digit)),
        ("-x", 1, .unexpectedByte(0x78, expected: .digit)), ("+1", 0, .unexpectedByte(0x2B, expected: .value)),
        (".5", 0, .unexpectedByte(0x2E, expected: .value)), ("NaN", 0, .unexpectedByte(0x4E, expected: .value)),
        ("-Infinity", 1, .unexpectedByte(0x49, expected: .digit)),
        ("\"a", 2, .unexpectedEnd(expected: .stringEnd)), ("\"a\\", 3, .unexpectedEnd(expected: .stringEnd)),
        ("\"a\nb\"", 2, .controlCharacter(0x0A)), ("\"é\tb\"", 3, .controlCharacter(0x09)),
        (#""\x""#, 1, .invalidEscape(0x78)), (#""\u12g4""#, 3, .unexpectedByte(0x31, expected: .hexDigits)),
        (#""\ud800""#, 1, .loneSurrogate), (#""\udc00""#, 1, .loneSurrogate), (#""\ud800\n""#, 1, .loneSurrogate),
        (#""\ud800\ud800""#, 1, .loneSurrogate), ("'a'", 0, .unexpectedByte(0x27, expected: .value)),
        ("\u{FEFF}{}", 0, .byteOrderMark), ("// x", 0, .unexpectedByte(0x2F, expected: .value)),
    ])
    func tellsWhereAndWhyTextIsRefused(text: String, offset: Int, reason: JSONError.Reason) {
        let error = failure(of: text)
        #expect(error == JSONError(offset: offset, reason: reason), "\(text): \(error?.description ?? "accepted")")
    }

    @Test func describesErrorsInWords() {
        #expect(failure(of: "[1,]")?.description == "byte 3: found \"]\", expected a value")
        #expect(failure(of: "[1")?.description == "byte 2: found the end of the text, expected \",\" or \"]\"")
        #expect(failure(of: "\u{FEFF}1")?.description == "byte 0: found a byte order mark, expected UTF-8 without one")
        #expect(failure(of: [0xFF])?.description == "byte 0: found 0xFF, expected a value")
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0xAF],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xC3],
            [0xE2, 0x82],
            [0xF0, 0x9F, 0x98], [0xC3, 0x28], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xF0, 0x9F, 0x98, 0x28],
        ] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        let error = failure(of: [0x22] + bytes + [0x22])
        #expect(error == JSONError(offset: 1, reason: .invalidUTF8(bytes[0])))
        #expect(failure(of: [0x22] + bytes) != nil)
    }

    @Test func acceptsTheEdgesOfUTF8() throws {
        for scalar in [0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF] as [UInt32] {
            let character = String(try #require(Unicode.Scalar(scalar)).description)
            #expect(failure(of: "\"\(character)\"") == nil)
        }
    }

    @Test func readsNonFiniteWordsOnlyWhereAllowed() throws {
        let limits = JSONLimits(allowsNonFinite: true)
        let text = Array("[NaN,Infinity,-Infinity,1.5]".utf8)
        #expect(failure(of: text) != nil)
        #expect(failure(of: text, limits: limits) == nil)
        var reader = JSONReader(text.span, limits: limits)
        try reader.beginArray()
        var values: [Float] = []
        while try reader.nextElement() { values.append(try reader.readFloat()) }
        #expect(values.count == 4 && values[0].isNaN)
        #expect(values[1...] == [.infinity, -.infinity, 1.5])
        for bad in ["Nan", "Inf", "-NaN", "Infinit", "-Infinitx", "nan"] {
            #expect(failure(of: bad, limits: limits) != nil, "\(bad)")
        }
    }

    /// The loop over plain numbers stops where the ordinary way has to decide, and both see the same document.
    @Test(arguments: [
        "[]", "[ ]", "[1]", "[ 1 , -2.5e3 ,0.1\n]", "[1,2,3,4,5]", "[1,null,3]", "[null,1]", "[1,\"a\",2]", "[[1],2]",
        "[1,]", "[,1]", "[1 2]", "[1", "[1,", "[1.5x,2]", "[01]", "[1e400,2]", "[2,1e400]", "[-]", "[1,-]", "[true,1]",
        "[12345678901234567890123,1]", "[1.7976931348623157e308]", "[-0,0]", "[1,2}", "[1;2]", "[NaN]",
    ]) func readsAnArrayOfNumbersAsElementByElement(_ text: String) {
        func read(_ bulk: Int) -> (values: [UInt64], error: JSONError?) {
            let bytes = Array(text.utf8)
            var reader = JSONReader(bytes.span)
            var values: [UInt64] = []
            do throws(JSONError) {
                try reader.beginArray()
                var slots = [UInt64](repeating: 0, count: bulk + 1)
                var span = slots.mutableSpan
                let count = reader.readDoubles(bits: &span, at: 1..<bulk + 1)
                values = Array(slots[1..<count + 1])
                while try reader.nextElement() {
                    switch try reader.peek() {
                    case .number: values.append(try reader.readDouble().bitPattern)
                    default: _ = try reader.skipValue()
                    }
                }
                try reader.finish()
            } catch {
                return (values, error)
            }
            return (values, nil)
        }
        let plain = read(0)
        for bulk in 1...6 { #expect(read(bulk) == plain, "\(bulk) at once") }
    }

    @Test func boundsDepthWithoutRecursion() throws {
        let deep = [UInt8](repeating: 0x5B, count: 100_000)
        #expect(failure(of: deep) == JSONError(offset: 64, reason: .tooDeep(depthMax: 64)))
        #expect(failure(of: deep, limits: JSONLimits(depthMax: 1024))?.offset == 1024)
        var mixed: [UInt8] = []
        for level in 0..<1024 { mixed += level % 3 == 0 ? Array("{\"a\":".utf8) : [0x5B] }
        mixed.append(0x31)
        for level in (0..<1024).reversed() { mixed.append(level % 3 == 0 ? 0x7D : 0x5D) }
        #expect(failure(of: mixed, limits: JSONLimits(depthMax: 1024)) == nil)
        #expect(failure(of: mixed, limits: JSONLimits(depthMax: 1023))?.reason == .tooDeep(depthMax: 1023))
        mixed[mixed.count - 1] = 0x5D
        #expect(failure(of: mixed, limits: JSONLimits(depthMax: 1024)) != nil)
    }

    @Test func boundsStringsAndNumbers() {
        let limits = JSONLimits(stringBytesMax: 4, numberBytesMax: 5)
        #expect(failure(of: "\"abcd\"", limits: limits) == nil)
        #expect(failure(of: "\"abcde\"", limits: limits) == JSONError(offset: 0, reason: .stringTooLong(bytesMax: 4)))
        #expect(failure(of: "\"ééé\"", limits: limits) == JSONError(offset: 0, reason: .stringTooLong(bytesMax: 4)))
        #expect(failure(of: "12345", limits: limits) == nil)
        #expect(failure(of: "123456", limits: limits) == JSONError(offset: 0, reason: .numberTooLong(bytesMax: 5)))
        #expect(failure(of: String(repeating: "9", count: 3000))?.reason == .numberTooLong(bytesMax: 2048))
    }

    @Test(arguments: ["1e400", "-1e400", "1e309", "123456789e301", "1e999999999999999999999999"])
    func refusesNumbersBeyondDoubles(text: String) {
        let expected = JSONError(offset: 0, reason: .numberOutOfRange)
        let double = read(text) { reader throws(JSONError) in try reader.readDouble() }
        #expect(double == .failure(expected))
        let number = read(text) { reader throws(JSONError) in try reader.readNumber() }
        #expect(number == .failure(expected))
    }

    @Test func refusesADocumentCutAnywhere() {
        for length in 0..<(Self.document.count - 2) {
            #expect(failure(of: Array(Self.document[..<length])) != nil, "cut at \(length)")
            #expect(throws: JSONError.self) { _ = try normalized(Array(Self.document[..<length])) }
        }
        #expect(failure(of: Self.document) == nil)
    }

    @Test func survivesMutatedDocumentsAndAgreesWithItself() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("{}[]\",:\\u0d8 \n-+.eE1tfn\u{7f}é".utf8) + [0, 0xC0, 0xED, 0xF4, 0xFF]
        for _ in 0..<20_000 {
            var text = Self.document
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<text.count, using: &generator)
                let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                switch generator.next() % 3 {
                case 0: text[place] = byte
                case 1: text.insert(byte, at: place)
                default: text.remove(at: place)
                }
            }
            // Skipping and reading accept the same documents; and what was written is read again as the same.
            let skipped = failure(of: text)
            do throws(JSONError) {
                let once = try normalized(text)
                let twice = try normalized(once)
                #expect(skipped == nil, "seed \(seed): \(String(decoding: text, as: UTF8.self))")
                #expect(once == twice, "seed \(seed)")
            } catch {
                let agrees = skipped != nil || error.reason == .numberOutOfRange
                #expect(agrees, "seed \(seed): \(error) \(String(decoding: text, as: UTF8.self))")
            }
        }
    }
}
