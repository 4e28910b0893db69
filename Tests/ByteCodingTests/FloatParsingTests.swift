import ByteCoding
import SeededRandom
import Testing

@Suite struct FloatParsingTests {
    @Test func readsEveryDoubleAsPythonDoes() throws {
        let file = try FixtureFile("doubles.txt")
        #expect(file.cases.count > 1000)
        for line in file.cases {
            let text = Array(line.first.utf8)
            let bits = try #require(UInt64(line.second, radix: 16))
            let (value, consumed) = try #require(readDouble(text))
            #expect(value.bitPattern == bits, "\(line.first)")
            #expect(consumed == text.count, "\(line.first)")
            try expectJSON(text, isInfinite: value.isInfinite) { reader throws(JSONError) in
                let double = try reader.readDouble()
                return double.bitPattern == bits
            }
        }
    }

    @Test func roundsEveryFloatOnce() throws {
        let file = try FixtureFile("floats.txt")
        #expect(file.cases.count > 1000)
        for line in file.cases {
            let text = Array(line.first.utf8)
            let bits = try #require(UInt32(line.second, radix: 16))
            let (value, consumed) = try #require(readFloat(text))
            #expect(value.bitPattern == bits, "\(line.first)")
            #expect(consumed == text.count, "\(line.first)")
            try expectJSON(text, isInfinite: value.isInfinite) { reader throws(JSONError) in
                let float = try reader.readFloat()
                return float.bitPattern == bits
            }
        }
    }

    /// The JSON reader has its own scanner: it must agree, and refuse where the value would be infinite.
    private func expectJSON(
        _ text: [UInt8], isInfinite: Bool, _ matches: (inout JSONReader) throws(JSONError) -> Bool
    ) throws {
        var reader = JSONReader(text.span)
        do throws(JSONError) {
            let agrees = try matches(&reader)
            #expect(agrees, "\(String(decoding: text, as: UTF8.self))")
            #expect(!isInfinite)
            try reader.finish()
        } catch {
            #expect(isInfinite, "\(String(decoding: text, as: UTF8.self)): \(error)")
            #expect(error == JSONError(offset: 0, reason: .numberOutOfRange))
        }
    }

    @Test func agreesWithTheStandardLibraryOnRandomText() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50_000 {
            let digits = Int.random(in: 1...30, using: &generator)
            var text = generator.next() & 1 == 0 ? "-" : ""
            let point = Int.random(in: 1...digits, using: &generator)
            for index in 0..<digits {
                if index == point { text += "." }
                text += String(Int.random(in: 0...9, using: &generator))
            }
            if generator.next() & 3 != 0 { text += "e\(Int.random(in: -350...320, using: &generator))" }
            let bytes = Array(text.utf8)
            let double = try #require(Double(text))
            let float = try #require(Float(text))
            let readAsDouble = try #require(readDouble(bytes)).value
            let readAsFloat = try #require(readFloat(bytes)).value
            #expect(readAsDouble.bitPattern == double.bitPattern, "\(text), seed \(seed)")
            #expect(readAsFloat.bitPattern == float.bitPattern, "\(text), seed \(seed)")
        }
    }

    @Test(arguments: [
        ("1.5e", 1.5, 3), ("1.5e+", 1.5, 3), ("2.x", 2, 2), (".5", 0.5, 2), ("+7 ", 7, 2), ("007", 7, 3),
        ("-.5e1,", -5, 5),
        ("1e5e5", 1e5, 3), ("12abc", 12, 2),
    ])
    func readsTheLongestNumberInFront(text: String, value: Double, consumed: Int) throws {
        let result = try #require(readDouble(Array(text.utf8)))
        #expect(result.value == value)
        #expect(result.consumed == consumed)
    }

    @Test(arguments: ["", "-", "+", ".", "-.", "e5", ".e5", "x", " 1", "nan", "inf", "--1", "+-1"])
    func findsNoNumber(text: String) {
        #expect(readDouble(Array(text.utf8)) == nil)
        #expect(readFloat(Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        ("inf", Double.infinity, 3), ("-INFINITY", -Double.infinity, 9), ("+Inf,", Double.infinity, 4),
        ("infinit", .infinity, 3),
    ])
    func readsInfinityWhereAsked(text: String, value: Double, consumed: Int) throws {
        let result = try #require(readDouble(Array(text.utf8), allowsNonFinite: true))
        #expect(result.value == value)
        #expect(result.consumed == consumed)
    }

    @Test func readsNaNWhereAsked() throws {
        let result = try #require(readFloat(Array("NaN".utf8), allowsNonFinite: true))
        #expect(result.value.isNaN)
        #expect(readFloat(Array("na".utf8), allowsNonFinite: true) == nil)
    }
}
