/// A decimal number of any length, compared without rounding to the midpoint of two neighbouring values.
///
/// The last resort of the parser: only for more than 19 digits, when they straddle a midpoint. It allocates, and its
/// work is bounded by the digits that can matter.
struct ExactDecimal {
    enum Order { case less, equal, greater }

    /// No midpoint of doubles has more significant digits (767), so what follows can only tell "a little more".
    private static let digitsMax = 770

    /// The digits as one integer.
    private var digits = BigUnsigned()
    /// Power of ten of its last digit.
    private var exponent: Int

    /// Reads the digits at `range`, a decimal point among them.
    init(digits range: Range<Int>, exponent: Int, in source: Span<UInt8>) {
        self.exponent = exponent
        var taken = 0
        var isFraction = false
        var hasMore = false
        for index in range {
            let digit = source[index] &- ASCII.zero
            if digit > 9 {
                isFraction = true
            } else if taken < Self.digitsMax {
                digits.multiplyAdd(10, UInt64(digit))
                if !digits.isZero { taken += 1 }
                if isFraction { self.exponent -= 1 }
            } else {
                if digit != 0 { hasMore = true }
                if !isFraction { self.exponent += 1 }
            }
        }
        if hasMore {
            digits.multiplyAdd(10, 1)
            self.exponent -= 1
        }
    }

    /// Compares with the number half-way between the value with these bits and the next one.
    func compareToMidpoint<Value: DecimalRounding>(above bits: UInt64, _: Value.Type) -> Order {
        let stored = Int(bits >> UInt64(Value.storedBits))
        let fraction = bits & (1 << UInt64(Value.storedBits) - 1)
        let hidden: UInt64 = stored == 0 ? 0 : 1 << UInt64(Value.storedBits)
        // midpoint = odd * 2^binary
        var midpoint = BigUnsigned((fraction | hidden) * 2 + 1)
        let binary = max(stored, 1) + Value.minimumExponent - Value.storedBits - 1
        var decimal = digits
        // digits * 5^e * 2^e against odd * 2^binary, both made whole.
        if exponent >= 0 {
            decimal.multiply(byPowerOfFive: exponent)
        } else {
            midpoint.multiply(byPowerOfFive: -exponent)
        }
        let shift = exponent - binary
        if shift >= 0 { decimal.shiftLeft(shift) } else { midpoint.shiftLeft(-shift) }
        return decimal.compare(to: midpoint)
    }
}
