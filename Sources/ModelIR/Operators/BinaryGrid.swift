/// What numbers are all multiples of, a power of two, and how large they are: with few bits between, products and
/// sums of them are exact in float64, in whatever order.
package struct BinaryGrid: Sendable, Hashable {
    /// The exponent of the lowest bit that is set in any number; nil for zeros alone.
    private var lowestExponent: Int?
    private var magnitude = 0.0

    package init() {}

    package mutating func include(_ value: Double) {
        guard value != 0 else { return }
        magnitude = value.isFinite ? max(magnitude, abs(value)) : .infinity
        guard value.isFinite else { return }
        let lowest = Int(value.exponent) - value.significandWidth
        lowestExponent = min(lowestExponent ?? lowest, lowest)
    }

    /// Whether |x|² - 2 x · y + |y|² is exact for rows of `width` such numbers.
    package func hasExactSquares(width: Int) -> Bool {
        guard magnitude < 0x1p400 else { return false }
        guard let lowestExponent else { return true }
        guard lowestExponent > -400 else { return false }
        let steps = Double(sign: .plus, exponent: -lowestExponent, significand: magnitude)
        return 4 * Double(width) * steps * steps < 0x1p53
    }
}
