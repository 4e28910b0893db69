/// Reads floating-point text outside JSON: model files, CSV fields, parameters.
///
/// The grammar is C's decimal one without hexadecimals: `[+-] (digits [. digits] | . digits) [e [+-] digits]`, and,
/// where asked for, `nan`, `inf` and `infinity` in any case. No white space is passed. Values are correctly rounded,
/// ties to even; beyond the largest they are infinite.
package enum FloatParsing {
    /// The number that `bytes` begin with and its length; nil if they begin with none.
    package static func double(
        _ bytes: Span<UInt8>, allowsNonFinite: Bool = false
    ) -> (value: Double, consumed: Int)? {
        if let (number, end) = scan(bytes) { return (number.double(in: bytes), end) }
        guard allowsNonFinite, let (value, end) = word(bytes) else { return nil }
        return (value, end)
    }

    /// The same as a float, rounded once, from the text.
    package static func float(
        _ bytes: Span<UInt8>, allowsNonFinite: Bool = false
    ) -> (value: Float, consumed: Int)? {
        if let (number, end) = scan(bytes) { return (number.float(in: bytes), end) }
        guard allowsNonFinite, let (value, end) = word(bytes) else { return nil }
        return (Float(value), end)
    }

    @inline(__always)
    private static func scan(_ source: Span<UInt8>) -> (DecimalNumber, end: Int)? {
        var number = DecimalNumber()
        var index = DecimalNumber.endOfSign(in: source, at: 0)
        number.isNegative = index > 0 && source[0] == ASCII.minus
        let start = index
        var digitCount = DecimalNumber.scanDigits(in: source, at: &index, into: &number.significand)
        if index < source.count, source[index] == ASCII.dot {
            index &+= 1
            let fractionCount = DecimalNumber.scanDigits(in: source, at: &index, into: &number.significand)
            number.exponent = -fractionCount
            digitCount &+= fractionCount
        }
        guard digitCount > 0 else { return nil }
        number.digits = start..<index
        if index < source.count, source[index] | ASCII.caseBit == ASCII.lowerE,
            let (exponent, end) = DecimalNumber.scanExponent(in: source, at: index &+ 1)
        {
            number.exponent &+= exponent
            number.writtenExponent = exponent
            index = end
        }
        if digitCount > DecimalNumber.digitsMax { number.takeLeadingDigits(of: source) }
        return (number, index)
    }

    private static func word(_ source: Span<UInt8>) -> (value: Double, end: Int)? {
        let start = DecimalNumber.endOfSign(in: source, at: 0)
        let isNegative = start > 0 && source[0] == ASCII.minus
        for (word, value) in [("infinity", Double.infinity), ("inf", .infinity), ("nan", .nan)]
        where begins(source, at: start, with: word.utf8.span) {
            return (isNegative ? -value : value, start + word.utf8.count)
        }
        return nil
    }

    private static func begins(_ source: Span<UInt8>, at start: Int, with word: Span<UInt8>) -> Bool {
        guard source.count - start >= word.count else { return false }
        for index in 0..<word.count where source[start + index] | ASCII.caseBit != word[index] { return false }
        return true
    }
}
