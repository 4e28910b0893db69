/// Each row over its norm (ONNX-ML `Normalizer`, scikit-learn `Normalizer` and the norm of `TfidfTransformer`).
package struct RowNormalizer: Sendable, Hashable {
    package enum Norm: String, Sendable, Hashable {
        /// The sum of the magnitudes.
        case l1
        case l2
        /// The largest magnitude.
        case max
    }

    package let norm: Norm
    /// A row with a norm below this, or of zero, stays as it is.
    package let normMin: Double

    package init(norm: Norm, normMin: Double = 0) {
        self.norm = norm
        self.normMin = normMin
    }
}
