/// A kernel or a distance between two rows of float64, with scikit-learn's and libsvm's definitions.
package enum PairwiseMeasure: Sendable, Hashable {
    // Kernels.

    /// x · y.
    case dot
    /// (gamma x · y + offset)^degree.
    case polynomial(gamma: Double, offset: Double, degree: Double)
    /// e^(-gamma |x - y|²).
    case gaussian(gamma: Double)
    /// tanh(gamma x · y + offset).
    case sigmoid(gamma: Double, offset: Double)
    /// e^(-gamma Σ|x - y|).
    case laplacian(gamma: Double)
    /// x · y over both lengths; a length of zero counts as one.
    case cosine

    // Distances.

    case squaredEuclidean
    case euclidean
    /// √(|x|² - 2 x · y + |y|²), as scikit-learn's `euclidean_distances` computes it: other last bits.
    case expandedEuclidean
    case manhattan
    case chebyshev
    case minkowski(power: Double)
    /// 1 - `cosine`, within 0...2.
    case cosineDistance
    /// The share of columns that differ.
    case hamming
    case canberra
    case brayCurtis
    /// Σ (x - y)² / variance, with one variance an element of the reference matrix.
    case standardizedSquares(variances: [Double])
}
