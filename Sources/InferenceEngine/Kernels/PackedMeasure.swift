internal import CKernels
internal import ModelIR

/// A measure that the packed kernels can compute: a sum over the columns, and what is made of it.
struct PackedMeasure: Sendable {
    let native: vencejo_measure
    /// One for each element of the reference matrix; empty for none.
    let weights: [Double]

    static let product = PackedMeasure(VENCEJO_SUM_PRODUCTS)
    /// e to the product, which is not above zero.
    static let powerOfProduct = PackedMeasure(VENCEJO_SUM_PRODUCTS, VENCEJO_NEAR_DECAY)

    /// The factor of a Gaussian kernel; nil for all else.
    var gaussianFactor: Double? {
        native.sum == VENCEJO_SUM_SQUARES && native.finish == VENCEJO_DECAY ? native.gamma : nil
    }

    private init(
        _ sum: vencejo_sum, _ finish: vencejo_finish = VENCEJO_KEEP, gamma: Double = 0, offset: Double = 0,
        degree: Int = 0, weights: [Double] = []
    ) {
        native = vencejo_measure(sum: sum, finish: finish, gamma: gamma, offset: offset, degree: Int32(degree))
        self.weights = weights
    }

    /// nil where the kernels have no form for it.
    init?(_ measure: PairwiseMeasure) {
        switch measure {
        case .dot: self = .product
        case .polynomial(let gamma, let offset, let degree):
            guard let degree = Int(exactly: degree), 0...8 ~= degree else { return nil }
            self.init(VENCEJO_SUM_PRODUCTS, VENCEJO_POWER, gamma: gamma, offset: offset, degree: degree)
        case .gaussian(let gamma):
            guard gamma >= 0 else { return nil }
            self.init(VENCEJO_SUM_SQUARES, VENCEJO_DECAY, gamma: gamma)
        case .sigmoid(let gamma, let offset):
            self.init(VENCEJO_SUM_PRODUCTS, VENCEJO_TANH_OF, gamma: gamma, offset: offset)
        case .laplacian(let gamma):
            guard gamma >= 0 else { return nil }
            self.init(VENCEJO_SUM_MAGNITUDES, VENCEJO_DECAY, gamma: gamma)
        case .squaredEuclidean: self.init(VENCEJO_SUM_SQUARES)
        case .euclidean: self.init(VENCEJO_SUM_SQUARES, VENCEJO_ROOT)
        case .manhattan: self.init(VENCEJO_SUM_MAGNITUDES)
        case .standardizedSquares(let variances):
            // Of a variance so small the inverse is infinite, or loses digits.
            guard variances.allSatisfy({ $0 > 1e-290 && $0 < 1e290 }) else { return nil }
            self.init(VENCEJO_SUM_WEIGHTED_SQUARES, weights: variances.map { 1 / $0 })
        case .cosine, .expandedEuclidean, .chebyshev, .minkowski, .cosineDistance, .hamming, .canberra, .brayCurtis:
            return nil
        }
    }

    /// About what a column of a reference costs, in a row of its own and in a row of many.
    func nanosecondsPerRow(references: Int, width: Int) -> (one: Double, many: Double) {
        let numbers = Double(references * width)
        let plain = native.sum == VENCEJO_SUM_PRODUCTS
        let finish: Double =
            switch native.finish {
            case VENCEJO_KEEP: 0.05
            case VENCEJO_ROOT, VENCEJO_POWER: 0.6
            case VENCEJO_TANH_OF: 1.8
            default: 0.8
            }
        // Panels beyond the second cache are read at half the speed.
        let reading = numbers * 8 > 400_000 ? 0.14 : 0.09
        let finishing = finish * Double(references)
        return (20 + reading * numbers + finishing, 4 + (plain ? 0.05 : 0.075) * numbers + finishing)
    }
}
