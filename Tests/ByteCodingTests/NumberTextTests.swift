import ByteCoding
import SeededRandom
import Testing

@Suite struct NumberTextTests {
    private func text(_ value: Double) -> String {
        var bytes: [UInt8] = []
        NumberText.append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func text(_ value: Float) -> String {
        var bytes: [UInt8] = []
        NumberText.append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func printsDoublesAsPythonDoes() throws {
        let file = try FixtureFile("printed-doubles.txt")
        #expect(file.cases.count > 1000)
        for line in file.cases {
            let bits = try #require(UInt64(line.first, radix: 16))
            #expect(text(Double(bitPattern: bits)) == line.second)
        }
    }

    @Test func printsFloatsWithNumPysDigits() throws {
        let file = try FixtureFile("printed-floats.txt")
        #expect(file.cases.count > 1000)
        for line in file.cases {
            let bits = try #require(UInt32(line.first, radix: 16))
            #expect(text(Float(bitPattern: bits)) == line.second)
        }
    }

    @Test func readsBackTheSameBitsAsItPrinted() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<100_000 {
            let double = Double(bitPattern: generator.next())
            if double.isFinite {
                bytes.removeAll(keepingCapacity: true)
                NumberText.append(double, to: &bytes)
                let read = try #require(readDouble(bytes))
                #expect(read.value.bitPattern == double.bitPattern, "\(double), seed \(seed)")
                #expect(read.consumed == bytes.count && bytes.count <= NumberText.bytesMax, "\(double), seed \(seed)")
                #expect(digitCount(bytes) == digitCount(Array(double.description.utf8)), "\(double), seed \(seed)")
            }
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            if float.isFinite {
                bytes.removeAll(keepingCapacity: true)
                NumberText.append(float, to: &bytes)
                let read = try #require(readFloat(bytes))
                #expect(read.value.bitPattern == float.bitPattern, "\(float), seed \(seed)")
                #expect(digitCount(bytes) == digitCount(Array(float.description.utf8)), "\(float), seed \(seed)")
            }
        }
    }

    /// Significant digits of a printed number: the standard library prints the shortest too, laid out differently.
    private func digitCount(_ text: [UInt8]) -> Int {
        var digits = text.prefix { $0 != UInt8(ascii: "e") }.filter { $0 >= 0x30 && $0 <= 0x39 }
        while digits.last == 0x30 { digits.removeLast() }
        return digits.drop { $0 == 0x30 }.count
    }

    @Test(arguments: [
        (0.0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-17, "-17.0"), (1e15, "1000000000000000.0"), (1e16, "1e+16"),
        (123456789012345680, "1.2345678901234568e+17"), (0.0001, "0.0001"), (0.00001, "1e-05"),
        (.leastNonzeroMagnitude, "5e-324"),
        (.nan, "NaN"), (.infinity, "Infinity"), (-.infinity, "-Infinity"),
    ])
    func laysNumbersOutLikePython(value: Double, expected: String) {
        #expect(text(value) == expected)
    }

    @Test func printsIntegersExactly() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        var values: [UInt64] = [0, 1, 9, 10, 99, 100, 999, 1000, .max, UInt64(Int64.max), UInt64(Int64.max) + 1]
        for _ in 0..<2000 { values.append(generator.next() >> (generator.next() & 63)) }
        for value in values {
            var bytes: [UInt8] = []
            NumberText.append(value, to: &bytes)
            #expect(String(decoding: bytes, as: UTF8.self) == value.description, "seed \(seed)")
            let signed = Int64(bitPattern: value)
            bytes.removeAll()
            NumberText.append(signed, to: &bytes)
            #expect(String(decoding: bytes, as: UTF8.self) == signed.description, "seed \(seed)")
        }
    }
}
