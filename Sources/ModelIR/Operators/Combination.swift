/// The weighted sum of several values, element by element and in their order, over a divisor (NumPy's `average`).
package struct Combination: Sendable, Hashable {
    /// Values that are added up.
    package let count: Int
    /// One a value; empty for 1.
    package let weights: [Double]
    package let divisor: Double

    package init(count: Int, weights: [Double] = [], divisor: Double = 1) {
        self.count = count
        self.weights = weights
        self.divisor = divisor
    }
}
