internal import Glibc
internal import ModelIR
internal import TensorCore

/// The nearest of a few points: NearestCentroid, and what clusterers share with it.
extension GraphBuilder {
    /// The index of the nearest centre, the first one of several, by scikit-learn's own formula: of |c|² - 2 x · c the
    /// least, which is of 2 x · c - |c|² the greatest.
    mutating func nearestCenter(_ input: ValueID, _ centers: Projection, path: String) -> ValueID {
        let scores = project(
            input, doubled(centers), bias: squaredLengths(centers).map { -$0 }, path: path)
        return add(.argMax, [scores.value], width: 1, path: path)
    }

    func doubled(_ centers: Projection) -> Projection {
        Projection(weights: centers.weights.map { 2 * $0 }, height: centers.height, width: centers.width)
    }

    func squaredLengths(_ centers: Projection) -> [Double] {
        var lengths: [Double] = []
        for center in 0..<centers.height {
            var sum = 0.0
            for value in centers.weights[center * centers.width..<(center + 1) * centers.width] { sum += value * value }
            lengths.append(sum)
        }
        return lengths
    }

    /// The centre with the least distance, or another measure of it, as a class index.
    private mutating func leastDistance(
        _ input: ValueID, _ centers: Projection, _ measure: PairwiseMeasure, path: String
    ) -> ValueID {
        let distances = pairwise(measure, input, centers, path: path)
        let negated = Scaler(
            form: .multiplyAdd, offset: [Double](repeating: 0, count: centers.height),
            scale: [Double](repeating: -1, count: centers.height))
        let scores = add(.scaler(negated), [distances], width: centers.height, path: path)
        return add(.argMax, [scores], width: 1, path: path)
    }

    /// The measure between a value's rows and each row of a matrix.
    mutating func pairwise(
        _ measure: PairwiseMeasure, _ input: ValueID, _ references: Projection, path: String
    ) -> ValueID {
        let operation = Pairwise(
            measure: measure, references: references.weights, count: references.height, inputWidth: references.width)
        return add(.pairwise(operation), [input], width: references.height, path: path)
    }

    mutating func classifyByCentroids(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        let centers = try rows(estimator, "centroids_", width: frame.count)
        guard centers.height == labels.count else {
            throw ImportError(
                .malformed, at: path + ".centroids_", found: "\(centers.height) rows",
                expected: "\(labels.count), one a class")
        }
        let measure: PairwiseMeasure
        switch text(estimator, "metric") {
        case "euclidean": measure = .euclidean
        case "manhattan": measure = .manhattan
        default:
            throw ImportError(
                .unsupported, at: path + ".metric",
                found: attribute(estimator, "metric").map { document.describe($0) } ?? "nothing",
                expected: "\"euclidean\" or \"manhattan\"", remedy: "retrain with one of these metrics")
        }
        let input = try matrix(frame, as: .number, path: path)
        try note(estimator, "\(frame.count) features, \(labels.count) classes")
        // Priors, probabilities and decisions came in 1.6.
        guard attribute(estimator, "class_prior_") != nil else {
            let label =
                measure == .euclidean
                ? nearestCenter(input, centers, path: path) : leastDistance(input, centers, measure, path: path)
            return EstimatorMethods(prediction: .label(label, labels))
        }
        let priors = try vector(estimator, "class_prior_", count: labels.count)
        let scores = try centroidScores(estimator, input, centers, measure, priors: priors)
        var methods = densityMethods(scores, labels, path: path)
        if areEqual(priors) {
            methods.prediction = .label(
                measure == .euclidean
                    ? nearestCenter(input, centers, path: path) : leastDistance(input, centers, measure, path: path),
                labels)
        }
        if measure != .euclidean {
            methods.probabilities = nil
            methods.decision = nil
        }
        return methods
    }

    /// NumPy's `isclose` to one over their number, with which scikit-learn decides whether priors count.
    private func areEqual(_ priors: [Double]) -> Bool {
        let share = 1 / Double(priors.count)
        return priors.allSatisfy { abs($0 - share) <= 1e-8 + 1e-5 * share }
    }

    /// 2 ln prior - d², with d the distance once both are divided by the deviation within classes.
    private mutating func centroidScores(
        _ estimator: EstimatorRecord, _ input: ValueID, _ centers: Projection, _ measure: PairwiseMeasure,
        priors: [Double]
    ) throws(ImportError) -> ValueID {
        let path = estimator.path
        var deviations = try vector(estimator, "within_class_std_dev_", count: centers.width)
        for index in deviations.indices where deviations[index] == 0 { deviations[index] = 1 }
        var scaled = centers
        for index in scaled.weights.indices { scaled.weights[index] /= deviations[index % centers.width] }
        let scaler = Scaler(
            form: .subtractDivide, offset: [Double](repeating: 0, count: deviations.count), scale: deviations)
        let row = add(.scaler(scaler), [input], width: centers.width, path: path)
        let distances = pairwise(measure, row, scaled, path: path)
        let squares = add(.elementwise(.square), [distances], width: centers.height, path: path)
        let logarithms = Scaler(
            form: .multiplyAdd, offset: priors.map { 2 * log($0) },
            scale: [Double](repeating: -1, count: centers.height))
        return add(.scaler(logarithms), [squares], width: centers.height, path: path)
    }
}
