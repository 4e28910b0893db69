/// The place of each element among the quantiles of its column (scikit-learn `QuantileTransformer`).
package struct QuantileTransform: Sendable, Hashable {
    /// For each column its quantiles, ascending, as many as references.
    package let quantiles: [[Double]]
    /// What the quantiles stand for: 0 to 1, ascending.
    package let references: [Double]
    /// Whether the result is the normal distribution's number for that place.
    package let isNormal: Bool

    package init(quantiles: [[Double]], references: [Double], isNormal: Bool) {
        self.quantiles = quantiles
        self.references = references
        self.isNormal = isNormal
    }
}
