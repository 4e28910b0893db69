/// Rounds `significand * 10^exponent` by one or two 64-bit products.
///
/// D. Lemire, "Number Parsing at a Gigabyte per Second" (2021). N. Mushtak and D. Lemire, "Fast Number Parsing Without
/// Fallback" (2022), prove that the 128-bit powers always suffice for a 64-bit significand, so there is no failure.
enum EiselLemire {
    /// The magnitude's bit pattern in the format: nearest, ties to even, infinity beyond the largest.
    @inline(__always)
    static func bits<Value: DecimalRounding>(
        _ significand: UInt64, _ exponent: Int, _: Value.Type
    ) -> UInt64 {
        let infinity = UInt64(Value.infiniteExponent) << UInt64(Value.storedBits)
        if significand == 0 || exponent < Value.powersOfTen.lowerBound { return 0 }
        if exponent > Value.powersOfTen.upperBound { return infinity }
        let leadingZeros = significand.leadingZeroBitCount
        let (high, low) = product(significand << UInt64(leadingZeros), exponent, keptBits: Value.storedBits + 3)
        let upperBit = Int(high >> 63)
        let shift = UInt64(upperBit + 64 - Value.storedBits - 3)
        // One bit more than the value has, to round by.
        var mantissa = high >> shift
        // floor(log2(10^exponent)) by fixed point, exact over the range.
        let power = (217_706 &* exponent) >> 16 &+ 63
        var stored = power + upperBit - leadingZeros - Value.minimumExponent
        if stored <= 0 {
            // Subnormal, where no tie can occur: the powers that give ties are far away.
            guard 1 - stored < 64 else { return 0 }
            mantissa >>= UInt64(1 - stored)
            mantissa += mantissa & 1
            // A carry into the hidden bit makes the smallest normal number, and its bit pattern is just that.
            return mantissa >> 1
        }
        if low <= 1, Value.tiePowers.contains(exponent), mantissa & 3 == 1, mantissa << shift == high {
            mantissa &= ~1  // Exactly between, and below is even.
        }
        mantissa += mantissa & 1
        mantissa >>= 1
        if mantissa >= 2 << UInt64(Value.storedBits) {
            mantissa = 1 << UInt64(Value.storedBits)
            stored += 1
        }
        guard stored < Value.infiniteExponent else { return infinity }
        return mantissa & ~(1 << UInt64(Value.storedBits)) | UInt64(stored) << UInt64(Value.storedBits)
    }

    /// The top 128 bits of `significand` times the power of five, enough of them right for `keptBits`.
    @inline(__always)
    private static func product(
        _ significand: UInt64, _ exponent: Int, keptBits: Int
    ) -> (high: UInt64, low: UInt64) {
        let power = PowersOfFive.power(exponent)
        var (high, low) = significand.multipliedFullWidth(by: power.high)
        let undecided = UInt64.max >> UInt64(keptBits)
        if high & undecided == undecided {
            let next = significand.multipliedFullWidth(by: power.low).high
            let (sum, carry) = low.addingReportingOverflow(next)
            low = sum
            if carry { high &+= 1 }
        }
        return (high, low)
    }
}
