/// A decimal number that a grammar has recognised: sign, at most 19 leading digits, and a power of ten.
///
/// The value is `significand * 10^exponent`, where the digits beyond the 19th, if any, still stand in the text.
struct DecimalNumber {
    /// Decimal digits that always fit 64 bits.
    static let digitsMax = 19
    /// An exponent beyond it says no more than it does: every text is shorter than this many digits.
    static let exponentMax = 1 << 40

    var isNegative = false
    var significand: UInt64 = 0
    /// Power of ten of `significand`'s last digit.
    var exponent = 0
    /// The exponent that is written after the `e`, or 0.
    var writtenExponent = 0
    /// There is neither fraction nor exponent.
    var isInteger = false
    /// Written as an integer, but beyond 64 bits; `isInteger` is false then.
    var isTooLarge = false
    /// Every digit is in `significand`.
    var isExact = true
    /// Where the digits stand, a decimal point among them.
    var digits = 0..<0

    /// The number without the digits beyond the 19th.
    var plain: PlainDecimal {
        PlainDecimal(significand: significand, exponent: exponent, isNegative: isNegative, isInteger: isInteger)
    }

    /// The nearest double, ties to even; infinite beyond the largest.
    func double(in source: Span<UInt8>) -> Double { rounded(in: source) }

    /// The nearest float, ties to even; infinite beyond the largest.
    func float(in source: Span<UInt8>) -> Float { rounded(in: source) }

    @inline(never)
    private func rounded<Value: DecimalRounding>(in source: Span<UInt8>) -> Value {
        guard isExact else { return exactlyRounded(in: source) }
        return plain.rounded()
    }

    /// Rounds both ends of the interval in which a number with more digits lies; and if they differ, compares exactly.
    private func exactlyRounded<Value: DecimalRounding>(in source: Span<UInt8>) -> Value {
        var bits: UInt64 = EiselLemire.bits(significand, exponent, Value.self)
        if bits != EiselLemire.bits(significand &+ 1, exponent, Value.self) {
            let exact = ExactDecimal(digits: digits, exponent: writtenExponent, in: source)
            switch exact.compareToMidpoint(above: bits, Value.self) {
            case .less: break
            case .greater: bits += 1
            case .equal: bits += bits & 1
            }
        }
        return Value.make(bits: bits, isNegative: isNegative)
    }

    /// Fills in the significand of a number with more than ``digitsMax`` digits, zeros in front not counted.
    @inline(never)
    mutating func takeLeadingDigits(of source: Span<UInt8>) {
        significand = 0
        exponent = writtenExponent
        var taken = 0
        var isFraction = false
        for index in digits {
            let digit = source[index] &- ASCII.zero
            if digit > 9 {
                isFraction = true
            } else if taken < Self.digitsMax {
                significand = significand * 10 + UInt64(digit)
                if significand != 0 { taken += 1 }
                if isFraction { exponent -= 1 }
            } else {
                if digit != 0 { isExact = false }
                if !isFraction { exponent += 1 }
            }
        }
        // Twenty digits may still be an integer of 64 bits, which must not be rounded.
        if isInteger, exponent > 0 { restoreInteger(of: source) }
    }

    private mutating func restoreInteger(of source: Span<UInt8>) {
        var value: UInt64 = 0
        for index in digits {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(source[index] &- ASCII.zero))
            guard !overflow, !carry else {
                // Beyond 64 bits it is a number like any other, but no integer of ours.
                isInteger = false
                isTooLarge = true
                return
            }
            value = sum
        }
        significand = value
        exponent = 0
        isExact = true
    }

    /// Passes digits, shifting them into `significand`, which wraps beyond ``digitsMax`` of them.
    ///
    /// - Returns: how many there were.
    @inline(__always)
    static func scanDigits(in source: Span<UInt8>, at index: inout Int, into significand: inout UInt64) -> Int {
        let start = index
        while index < source.count {
            let digit = source[index] &- ASCII.zero
            guard digit <= 9 else { break }
            significand = significand &* 10 &+ UInt64(digit)
            index &+= 1
        }
        return index &- start
    }

    /// Reads `[+-]digits`; nil without a digit. Larger exponents are capped at ``exponentMax``.
    @inline(__always)
    static func scanExponent(in source: Span<UInt8>, at start: Int) -> (exponent: Int, end: Int)? {
        var index = endOfSign(in: source, at: start)
        let isNegative = index > start && source[start] == ASCII.minus
        let digitsStart = index
        var exponent = 0
        while index < source.count {
            let digit = source[index] &- ASCII.zero
            guard digit <= 9 else { break }
            exponent = min(exponent &* 10 &+ Int(digit), exponentMax)
            index &+= 1
        }
        guard index > digitsStart else { return nil }
        return (isNegative ? -exponent : exponent, index)
    }

    /// The offset behind a sign, if one stands at `start`.
    @inline(__always)
    static func endOfSign(in source: Span<UInt8>, at start: Int) -> Int {
        guard start < source.count, source[start] == ASCII.plus || source[start] == ASCII.minus else { return start }
        return start &+ 1
    }
}
