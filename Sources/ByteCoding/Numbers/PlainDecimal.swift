/// A decimal number of at most 19 digits: `significand * 10^exponent`.
struct PlainDecimal {
    var significand: UInt64
    var exponent: Int
    var isNegative: Bool
    var isInteger: Bool

    /// The significand with its sign, if it is in range; the number itself if it is an integer.
    @inline(__always)
    var int64: Int64? {
        guard isNegative else { return Int64(exactly: significand) }
        guard significand <= Int64.min.magnitude else { return nil }
        return 0 &- Int64(truncatingIfNeeded: significand)
    }

    /// The nearest value, ties to even; infinite beyond the largest.
    @inline(__always)
    func rounded<Value: DecimalRounding>() -> Value {
        // Clinger 1990: an exact integer times or over an exact power of ten is rounded once.
        guard significand <= Value.exactIntegerMax, exponent.magnitude < Value.exactPowers else {
            return Self.product(significand, exponent, isNegative)
        }
        let integer = Value(Int64(bitPattern: significand))
        let magnitude =
            exponent < 0 ? integer / Value.exactPower(0 &- exponent) : integer * Value.exactPower(exponent)
        return isNegative ? -magnitude : magnitude
    }

    /// The bits of the nearest double; nil beyond the largest.
    @inline(__always)
    var finiteBits: UInt64? {
        let value: Double = rounded()
        return value.isFinite ? value.bitPattern : nil
    }

    @inline(never)
    private static func product<Value: DecimalRounding>(
        _ significand: UInt64, _ exponent: Int, _ isNegative: Bool
    ) -> Value {
        Value.make(bits: EiselLemire.bits(significand, exponent, Value.self), isNegative: isNegative)
    }
}
