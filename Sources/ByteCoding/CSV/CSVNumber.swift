/// Reads numbers that fill a cell, blanks around them aside, in the grammar of ``FloatParsing``: what JSON takes, and
/// `+1`, `.5`, `1.` and `007` besides, as spreadsheets and pandas write them.
package enum CSVNumber {
    /// Bytes of one number, as in JSON: reading a longer one exactly would take too long.
    static let bytesMax = 2048

    /// The nearest double, ties to even; infinite beyond the largest; nil for what is no number.
    package static func double(_ bytes: Span<UInt8>) -> Double? {
        let text = trimmed(bytes)
        var end = 0
        if let number = PlainDecimal.scan(text, at: &end, bytesMax: bytesMax), end == text.count {
            return number.rounded()
        }
        guard text.count <= bytesMax, let (value, consumed) = FloatParsing.double(text), consumed == text.count else {
            return nil
        }
        return value
    }

    /// The number as an integer of 64 bits, if it is one exactly, also where it is written as `3.0`: so pandas writes
    /// the integers of a column in which one is missing. With an exponent it is taken below 2^53 only.
    package static func int64(_ bytes: Span<UInt8>) -> Int64? {
        let text = withoutZeroFraction(trimmed(bytes))
        var end = 0
        if let number = PlainDecimal.scan(text, at: &end, bytesMax: bytesMax), end == text.count, number.isInteger {
            return number.int64
        }
        // A fraction that a double cannot tell from none is one nevertheless.
        for index in text.indices where text[index] == UInt8(ascii: ".") { return nil }
        guard let value = double(text), value.magnitude < 0x1p53 else { return nil }
        return Int64(exactly: value)
    }

    /// `12.00` without the point and what stands behind it, where that is zeros.
    @_lifetime(copy text)
    private static func withoutZeroFraction(_ text: Span<UInt8>) -> Span<UInt8> {
        var end = text.count
        while end > 1, text[end &- 1] == UInt8(ascii: "0") { end &-= 1 }
        guard end > 1, text[end &- 1] == UInt8(ascii: "."), isDigit(text[end &- 2]) else { return text }
        return text.extracting(0..<end &- 1)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// Without spaces and tabs at its ends.
    @_lifetime(copy bytes)
    package static func trimmed(_ bytes: Span<UInt8>) -> Span<UInt8> {
        var start = 0
        var end = bytes.count
        while start < end, bytes[start] == ASCII.space || bytes[start] == ASCII.tab { start &+= 1 }
        while end > start, bytes[end &- 1] == ASCII.space || bytes[end &- 1] == ASCII.tab { end &-= 1 }
        return bytes.extracting(start..<end)
    }
}
