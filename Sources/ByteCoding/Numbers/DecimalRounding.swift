/// What rounding a decimal needs to know of a binary format (IEEE 754), and how to make its values.
protocol DecimalRounding: BinaryFloatingPoint {
    /// Bits of the significand that are stored.
    static var storedBits: Int { get }
    /// Exponent of the least power of two that the format's normal numbers begin with, minus one.
    static var minimumExponent: Int { get }
    /// The stored exponent of infinity.
    static var infiniteExponent: Int { get }
    /// Every 64-bit significand times a lower power of ten rounds to zero, times a higher one to infinity.
    static var powersOfTen: ClosedRange<Int> { get }
    /// Powers of ten for which a product may lie exactly between two values.
    static var tiePowers: ClosedRange<Int> { get }
    /// All integers up to here are values.
    static var exactIntegerMax: UInt64 { get }
    /// Powers of ten below this are values.
    static var exactPowers: UInt { get }
    static func exactPower(_ exponent: Int) -> Self
    static func make(bits: UInt64, isNegative: Bool) -> Self
}

extension Double: DecimalRounding {
    static var storedBits: Int { 52 }
    static var minimumExponent: Int { -1023 }
    static var infiniteExponent: Int { 0x7FF }
    static var powersOfTen: ClosedRange<Int> { -342...308 }
    static var tiePowers: ClosedRange<Int> { -4...23 }
    static var exactIntegerMax: UInt64 { 1 << 53 }
    static var exactPowers: UInt { 23 }

    private static let tens: InlineArray<23, Double> = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    @inline(__always)
    static func exactPower(_ exponent: Int) -> Double { tens[exponent] }

    @inline(__always)
    static func make(bits: UInt64, isNegative: Bool) -> Double {
        Double(bitPattern: isNegative ? bits | 1 << 63 : bits)
    }
}

extension Float: DecimalRounding {
    static var storedBits: Int { 23 }
    static var minimumExponent: Int { -127 }
    static var infiniteExponent: Int { 0xFF }
    static var powersOfTen: ClosedRange<Int> { -65...38 }
    static var tiePowers: ClosedRange<Int> { -17...10 }
    static var exactIntegerMax: UInt64 { 1 << 24 }
    static var exactPowers: UInt { 11 }

    private static let tens: InlineArray<11, Float> = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10]

    @inline(__always)
    static func exactPower(_ exponent: Int) -> Float { tens[exponent] }

    @inline(__always)
    static func make(bits: UInt64, isNegative: Bool) -> Float {
        let bits = UInt32(truncatingIfNeeded: bits)
        return Float(bitPattern: isNegative ? bits | 1 << 31 : bits)
    }
}
