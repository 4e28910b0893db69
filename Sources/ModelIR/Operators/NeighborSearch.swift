/// How the library looks for the nearest points, which decides what it takes of points that are equally far.
package enum NeighborSearch: Sendable, Hashable {
    /// One point after the other, in training order (`ArgKmin` since scikit-learn 1.1, on one thread).
    case scan(DistanceRounding)
    /// All distances first, then a partial sort, whose choice between equal ones nobody can tell: it depends on NumPy's
    /// version and on the processor.
    case partialSort(DistanceRounding)
    /// Down a tree, the nearer half first (`KDTree`, `BallTree`).
    case tree(NeighborTree)
}

/// Whether the library's distances have the last bits of ours.
package enum DistanceRounding: Sendable, Hashable {
    /// They are computed as here.
    case none
    /// Squared Euclidean distances |x|² - 2 x · y + |y|² by a matrix product, which are exact for numbers of few
    /// bits alone, such as whole ones.
    case expandedSquares
    /// 1 - x · y by a matrix product of rows of length 1.
    case products
}
