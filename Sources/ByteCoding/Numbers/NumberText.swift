/// Prints numbers as ASCII at the end of a byte array.
///
/// Floats are the shortest text that reads back as the same value, in Python's form: `0.1`, `1.0`, `1e+16`, `1e-05`.
package enum NumberText {
    /// Longest text of any number here: `-2.2250738585072014e-308` has 24 bytes.
    package static let bytesMax = 24

    /// Appends an integer.
    package static func append(_ value: Int64, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: bytesMax) { output in
            if value < 0 { output.append(ASCII.minus) }
            append(digitsOf: value.magnitude, to: &output)
        }
    }

    /// Appends an integer.
    package static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: bytesMax) { output in append(digitsOf: value, to: &output) }
    }

    /// Appends a double; `NaN`, `Infinity` or `-Infinity` if it is not finite.
    package static func append(_ value: Double, to bytes: inout [UInt8]) {
        append(value, magnitudeBits: value.magnitude.bitPattern, to: &bytes)
    }

    /// Appends a float with as few digits as a float needs.
    package static func append(_ value: Float, to bytes: inout [UInt8]) {
        append(value, magnitudeBits: UInt64(value.magnitude.bitPattern), to: &bytes)
    }

    @inline(__always)
    private static func append<Value: DecimalRounding>(_ value: Value, magnitudeBits: UInt64, to bytes: inout [UInt8]) {
        guard value.isFinite else {
            bytes.append(contentsOf: (value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity").utf8)
            return
        }
        bytes.append(addingCapacity: bytesMax) { output in
            if value.sign == .minus { output.append(ASCII.minus) }
            guard magnitudeBits != 0 else {
                output.append(ASCII.zero)
                output.append(ASCII.dot)
                output.append(ASCII.zero)
                return
            }
            append(ShortestDecimal(bits: magnitudeBits, Value.self), to: &output)
        }
    }

    private static func append(_ decimal: ShortestDecimal, to output: inout OutputSpan<UInt8>) {
        let text = Digits(decimal.digits)
        // Where the point stands, counted from the first digit.
        let point = text.count + decimal.exponent
        guard point > -4, point <= 16 else {
            text.append(to: &output, from: 0, to: 1)
            if text.count > 1 {
                output.append(ASCII.dot)
                text.append(to: &output, from: 1, to: text.count)
            }
            output.append(ASCII.lowerE)
            output.append(point > 0 ? ASCII.plus : ASCII.minus)
            let exponent = (point - 1).magnitude
            if exponent < 10 { output.append(ASCII.zero) }
            append(digitsOf: UInt64(exponent), to: &output)
            return
        }
        if point <= 0 {
            output.append(ASCII.zero)
            output.append(ASCII.dot)
            for _ in 0..<(-point) { output.append(ASCII.zero) }
            text.append(to: &output, from: 0, to: text.count)
        } else if point < text.count {
            text.append(to: &output, from: 0, to: point)
            output.append(ASCII.dot)
            text.append(to: &output, from: point, to: text.count)
        } else {
            text.append(to: &output, from: 0, to: text.count)
            for _ in text.count..<point { output.append(ASCII.zero) }
            output.append(ASCII.dot)
            output.append(ASCII.zero)
        }
    }

    @inline(__always)
    private static func append(digitsOf value: UInt64, to output: inout OutputSpan<UInt8>) {
        let text = Digits(value)
        text.append(to: &output, from: 0, to: text.count)
    }

    /// The decimal digits of an integer, right-aligned.
    private struct Digits {
        private var storage = InlineArray<20, UInt8>(repeating: 0)
        private var start = 20

        var count: Int { 20 &- start }

        @inline(__always)
        init(_ value: UInt64) {
            var rest = value
            while rest >= 100 {
                let quotient = rest / 100
                let pair = UInt32(truncatingIfNeeded: rest &- quotient &* 100)
                rest = quotient
                start &-= 2
                storage[start] = ASCII.zero &+ UInt8(truncatingIfNeeded: pair / 10)
                storage[start &+ 1] = ASCII.zero &+ UInt8(truncatingIfNeeded: pair % 10)
            }
            let pair = UInt32(truncatingIfNeeded: rest)
            start &-= 1
            storage[start] = ASCII.zero &+ UInt8(truncatingIfNeeded: pair % 10)
            if pair >= 10 {
                start &-= 1
                storage[start] = ASCII.zero &+ UInt8(truncatingIfNeeded: pair / 10)
            }
        }

        @inline(__always)
        func append(to output: inout OutputSpan<UInt8>, from lower: Int, to upper: Int) {
            var index = start &+ lower
            let end = start &+ upper
            while index < end {
                output.append(storage[index])
                index &+= 1
            }
        }
    }
}
