/// The shortest decimal that reads back as the same float; of those the nearest.
///
/// R. Giulietti, "The Schubfach way to render doubles" (2020): one product with a 128-bit power of ten for the value
/// and for each end of its rounding interval.
struct ShortestDecimal {
    /// Without zeros at the end.
    var digits: UInt64
    /// Power of ten of the last digit.
    var exponent: Int

    /// The decimal for the magnitude of a finite number other than zero.
    @inline(__always)
    init<Value: DecimalRounding>(bits: UInt64, _: Value.Type) {
        let fraction = bits & (1 << UInt64(Value.storedBits) - 1)
        let stored = Int(bits >> UInt64(Value.storedBits))
        // value = c * 2^q
        let c = stored == 0 ? fraction : fraction | 1 << UInt64(Value.storedBits)
        let q = max(stored, 1) + Value.minimumExponent - Value.storedBits
        if q <= 0, -q <= Value.storedBits, c.trailingZeroBitCount >= -q {
            // An integer below 2^(storedBits + 1) is its own shortest form.
            self.init(digits: c >> UInt64(-q), exponent: 0)
        } else {
            self.init(c, q, isLowerCloser: fraction == 0 && stored > 1)
        }
        while true {
            let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: 10)
            guard remainder == 0 else { break }
            digits = quotient
            exponent += 1
        }
    }

    private init(digits: UInt64, exponent: Int) {
        self.digits = digits
        self.exponent = exponent
    }

    /// The decimal in the rounding interval of `c * 2^q`; the neighbour below a power of two is only half as far.
    @inline(__always)
    private init(_ c: UInt64, _ q: Int, isLowerCloser: Bool) {
        let isOdd = c & 1
        // floor(log10(2^q)), or of three quarters of it; floor(log2(10^-k)): exact by fixed point over the range.
        let k = (q &* 1_262_611 &- (isLowerCloser ? 524_031 : 0)) >> 22
        let h = UInt64(q &+ (-k &* 1_741_647) >> 19 &+ 1)
        let power = PowersOfFive.ceiling(-k)
        // In quarters of 10^k, the last bit standing for all that is cut off.
        let low = Self.roundedToOdd(power, (4 &* c &- 2 &+ (isLowerCloser ? 1 : 0)) << h) &+ isOdd
        let middle = Self.roundedToOdd(power, (4 &* c) << h)
        let high = Self.roundedToOdd(power, (4 &* c &+ 2) << h) &- isOdd

        let s = middle >> 2
        if s >= 10 {
            let tens = s / 10
            let isBelowInside = low <= 40 &* tens
            let isAboveInside = 40 &* tens &+ 40 <= high
            if isBelowInside != isAboveInside {
                self.init(digits: tens &+ (isAboveInside ? 1 : 0), exponent: k &+ 1)
                return
            }
        }
        let isBelowInside = low <= 4 &* s
        let isAboveInside = 4 &* s &+ 4 <= high
        if isBelowInside != isAboveInside {
            self.init(digits: s &+ (isAboveInside ? 1 : 0), exponent: k)
            return
        }
        let half = 4 &* s &+ 2
        let roundsUp = middle > half || (middle == half && s & 1 == 1)
        self.init(digits: s &+ (roundsUp ? 1 : 0), exponent: k)
    }

    /// `power * value / 2^128`, with the last bit set if anything is cut off.
    @inline(__always)
    private static func roundedToOdd(_ power: (high: UInt64, low: UInt64), _ value: UInt64) -> UInt64 {
        let below = power.low.multipliedFullWidth(by: value).high
        let (high, low) = power.high.multipliedFullWidth(by: value)
        let (middle, carry) = low.addingReportingOverflow(below)
        return (high &+ (carry ? 1 : 0)) | (middle > 1 ? 1 : 0)
    }
}
