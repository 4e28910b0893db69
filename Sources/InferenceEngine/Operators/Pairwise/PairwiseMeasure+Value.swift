internal import Glibc
internal import ModelIR

extension PairwiseMeasure {
    /// What neighbours are ranked by: the distance, or a number that grows with it.
    ///
    /// `x` is a row within `values`, `y` one within `references`. Sums run over the columns in their order.
    func ranking(
        _ values: [Double], at x: Int, _ references: [Double], at y: Int, width: Int
    ) -> Double {
        var sum = 0.0
        switch self {
        case .dot, .polynomial, .sigmoid:
            for column in 0..<width { sum += values[x + column] * references[y + column] }
        case .squaredEuclidean, .euclidean, .gaussian:
            for column in 0..<width {
                let difference = values[x + column] - references[y + column]
                sum += difference * difference
            }
        case .expandedEuclidean:
            return Self.expandedSquare(values, at: x, references, at: y, width: width)
        case .standardizedSquares(let variances):
            for column in 0..<width {
                let difference = values[x + column] - references[y + column]
                sum += difference * difference / variances[y + column]
            }
        case .manhattan, .laplacian:
            for column in 0..<width { sum += abs(values[x + column] - references[y + column]) }
        case .chebyshev:
            for column in 0..<width { sum = max(sum, abs(values[x + column] - references[y + column])) }
        case .minkowski(let power):
            for column in 0..<width { sum += pow(abs(values[x + column] - references[y + column]), power) }
        case .cosine:
            return Self.cosineSimilarity(values, at: x, references, at: y, width: width)
        case .cosineDistance:
            let similarity = Self.cosineSimilarity(values, at: x, references, at: y, width: width)
            return min(2, max(0, 1 - similarity))
        case .hamming:
            for column in 0..<width where values[x + column] != references[y + column] { sum += 1 }
            return sum / Double(width)
        case .canberra:
            for column in 0..<width {
                let total = abs(values[x + column]) + abs(references[y + column])
                if total > 0 { sum += abs(values[x + column] - references[y + column]) / total }
            }
        case .brayCurtis:
            var total = 0.0
            for column in 0..<width {
                sum += abs(values[x + column] - references[y + column])
                total += abs(values[x + column]) + abs(references[y + column])
            }
            return total > 0 ? sum / total : 0
        }
        return sum
    }

    /// The measure itself, from what `ranking` gives.
    func value(ofRanking ranking: Double) -> Double {
        switch self {
        case .polynomial(let gamma, let offset, let degree): pow(gamma * ranking + offset, degree)
        case .gaussian(let gamma), .laplacian(let gamma): exp(-gamma * ranking)
        case .sigmoid(let gamma, let offset): tanh(gamma * ranking + offset)
        case .euclidean, .expandedEuclidean: ranking.squareRoot()
        case .minkowski(let power): pow(ranking, 1 / power)
        case .dot, .cosine, .squaredEuclidean, .manhattan, .chebyshev, .cosineDistance, .hamming, .canberra,
            .brayCurtis, .standardizedSquares:
            ranking
        }
    }

    /// A distance as `ranking` would give it.
    func ranking(ofValue value: Double) -> Double {
        switch self {
        case .euclidean, .expandedEuclidean: value * value
        case .minkowski(let power): pow(value, power)
        default: value
        }
    }

    /// Whether equal rows have the value zero, and others more: whether it ranks neighbours.
    var isDistance: Bool {
        switch self {
        case .squaredEuclidean, .euclidean, .expandedEuclidean, .manhattan, .chebyshev, .minkowski, .cosineDistance,
            .hamming, .canberra, .brayCurtis:
            true
        case .dot, .polynomial, .gaussian, .sigmoid, .laplacian, .cosine, .standardizedSquares: false
        }
    }

    private static func expandedSquare(
        _ values: [Double], at x: Int, _ references: [Double], at y: Int, width: Int
    ) -> Double {
        var product = 0.0
        var ours = 0.0
        var theirs = 0.0
        for column in 0..<width {
            product += values[x + column] * references[y + column]
            ours += values[x + column] * values[x + column]
            theirs += references[y + column] * references[y + column]
        }
        return max(0, -2 * product + ours + theirs)
    }

    /// scikit-learn divides both rows by their lengths first.
    private static func cosineSimilarity(
        _ values: [Double], at x: Int, _ references: [Double], at y: Int, width: Int
    ) -> Double {
        var ours = 0.0
        var theirs = 0.0
        for column in 0..<width {
            ours += values[x + column] * values[x + column]
            theirs += references[y + column] * references[y + column]
        }
        let length = ours == 0 ? 1 : ours.squareRoot()
        let referenceLength = theirs == 0 ? 1 : theirs.squareRoot()
        var sum = 0.0
        for column in 0..<width {
            sum += values[x + column] / length * (references[y + column] / referenceLength)
        }
        return sum
    }
}
