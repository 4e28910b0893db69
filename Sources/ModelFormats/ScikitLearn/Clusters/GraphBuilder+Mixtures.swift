internal import Glibc
internal import ModelIR
internal import TensorCore

/// Gaussian mixtures: a weighted log density a component.
extension GraphBuilder {
    mutating func mix(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let means = try rows(estimator, "means_", width: frame.count)
        let count = means.height
        let (squares, determinants) = try squaredDistances(estimator, frame, means)
        var offsets = try logWeights(estimator, count: count)
        for index in 0..<count {
            offsets[index] += determinants[index] - 0.5 * Double(frame.count) * log(2 * Double.pi)
        }
        if estimator.className == "BayesianGaussianMixture" {
            let corrections = try bayesianCorrections(estimator, width: frame.count, count: count)
            for index in 0..<count { offsets[index] += corrections[index] }
        }
        let scaler = Scaler(form: .multiplyAdd, offset: offsets, scale: [Double](repeating: -0.5, count: count))
        let densities = add(.scaler(scaler), [squares], width: count, path: path)
        let label = add(.argMax, [densities], width: 1, path: path)
        let logarithms = add(.activation(.logSoftmax), [densities], width: count, path: path)
        try note(estimator, "\(frame.count) features, \(count) components")
        return EstimatorMethods(
            prediction: .label(label, .integers((0..<Int64(count)).map { $0 })),
            probabilities: add(.activation(.exp), [logarithms], width: count, path: path),
            scores: add(.activation(.logSumExp), [densities], width: 1, path: path))
    }

    /// The squared distance to each mean by its precision, and the logarithm of the precision's determinant's root.
    /// In scikit-learn's own expansions, whose last bits differ from those of a plain difference.
    private mutating func squaredDistances(
        _ estimator: EstimatorRecord, _ frame: Frame, _ means: Projection
    ) throws(ImportError) -> (value: ValueID, determinants: [Double]) {
        let path = estimator.path
        let count = means.height
        let width = frame.count
        let input = try matrix(frame, as: .number, path: path)
        let roots = try numbers(estimator, "precisions_cholesky_")
        let place = path + ".precisions_cholesky_"
        switch text(estimator, "covariance_type") {
        case "full":
            try check(roots.shape, [count, width, width], place: place)
            var factors = Projection(weights: [], height: count * width, width: width)
            var bias: [Double] = []
            var determinants: [Double] = []
            for index in 0..<count {
                let factor = try transposed(roots.values, at: index * width * width, width: width)
                bias += product(factor, means, row: index).map { -$0 }
                factors.weights += factor.weights
                determinants.append(logarithmOfDiagonal(roots.values, at: index * width * width, width: width))
            }
            let projected = project(input, factors, bias: bias, path: path)
            return (
                add(.sumOfSquares(groupWidth: width), [projected.value], width: count, path: path), determinants
            )
        case "tied":
            try check(roots.shape, [width, width], place: place)
            let factor = try transposed(roots.values, at: 0, width: width)
            var centers = Projection(weights: [], height: count, width: width)
            for index in 0..<count { centers.weights += product(factor, means, row: index) }
            let projected = project(input, factor, path: path)
            let determinant = logarithmOfDiagonal(roots.values, at: 0, width: width)
            return (
                pairwise(.squaredEuclidean, projected.value, centers, path: path),
                [Double](repeating: determinant, count: count)
            )
        case "diag":
            try check(roots.shape, [count, width], place: place)
            return expandedDistances(input, means, roots: roots.values, path: path)
        case "spherical":
            try check(roots.shape, [count], place: place)
            let repeated = roots.values.flatMap { [Double](repeating: $0, count: width) }
            return expandedDistances(input, means, roots: repeated, path: path)
        default:
            throw ImportError(
                .unsupported, at: path + ".covariance_type",
                found: attribute(estimator, "covariance_type").map { document.describe($0) } ?? "nothing",
                expected: "\"full\", \"tied\", \"diag\" or \"spherical\"")
        }
    }

    /// Σ μ²p - 2 x · μp + x² · p, with p the squares of the roots.
    private mutating func expandedDistances(
        _ input: ValueID, _ means: Projection, roots: [Double], path: String
    ) -> (value: ValueID, determinants: [Double]) {
        var precisions = means
        var products = means
        var bias: [Double] = []
        var determinants: [Double] = []
        for component in 0..<means.height {
            var sum = 0.0
            var logarithms = 0.0
            for place in component * means.width..<(component + 1) * means.width {
                let precision = roots[place] * roots[place]
                precisions.weights[place] = precision
                products.weights[place] = -2 * (means.weights[place] * precision)
                sum += means.weights[place] * means.weights[place] * precision
                logarithms += log(roots[place])
            }
            bias.append(sum)
            determinants.append(logarithms)
        }
        let linear = project(input, products, bias: bias, path: path)
        let squares = add(.elementwise(.square), [input], width: means.width, path: path)
        let quadratic = project(squares, precisions, path: path)
        return (
            add(.combination(Combination(count: 2)), [linear.value, quadratic.value], width: means.height, path: path),
            determinants
        )
    }

    /// A square matrix within `values`, turned round.
    private func transposed(_ values: [Double], at start: Int, width: Int) throws(ImportError) -> Projection {
        var weights: [Double] = []
        weights.reserveCapacity(width * width)
        for column in 0..<width {
            for row in 0..<width { weights.append(values[start + row * width + column]) }
        }
        return Projection(weights: weights, height: width, width: width)
    }

    private func product(_ matrix: Projection, _ rows: Projection, row: Int) -> [Double] {
        var result: [Double] = []
        for target in 0..<matrix.height {
            var sum = 0.0
            for column in 0..<matrix.width {
                sum += rows.weights[row * rows.width + column] * matrix.weights[target * matrix.width + column]
            }
            result.append(sum)
        }
        return result
    }

    private func logarithmOfDiagonal(_ values: [Double], at start: Int, width: Int) -> Double {
        var sum = 0.0
        for index in 0..<width { sum += log(values[start + index * (width + 1)]) }
        return sum
    }

    // MARK: Weights

    /// The logarithms of the components' weights: in a Bayesian mixture the expected ones.
    private mutating func logWeights(_ estimator: EstimatorRecord, count: Int) throws(ImportError) -> [Double] {
        guard estimator.className == "BayesianGaussianMixture" else {
            return try vector(estimator, "weights_", count: count).map { log($0) }
        }
        let place = estimator.path + ".weight_concentration_"
        let value = try required(estimator, "weight_concentration_")
        switch text(estimator, "weight_concentration_prior_type") {
        case "dirichlet_process":
            let both = try items(estimator, "weight_concentration_", count: 2)
            let first = try numbers(both[0], place: place)
            let second = try numbers(both[1], place: place)
            try check(first.shape, [count], place: place)
            try check(second.shape, [count], place: place)
            var result: [Double] = []
            var carried = 0.0
            for index in 0..<count {
                let sum = digamma(first.values[index] + second.values[index])
                result.append(digamma(first.values[index]) - sum + carried)
                carried += digamma(second.values[index]) - sum
            }
            return result
        case "dirichlet_distribution":
            let concentrations = try numbers(value, place: place)
            try check(concentrations.shape, [count], place: place)
            let total = digamma(concentrations.values.reduce(0, +))
            return concentrations.values.map { digamma($0) - total }
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".weight_concentration_prior_type",
                found: attribute(estimator, "weight_concentration_prior_type").map { document.describe($0) }
                    ?? "nothing",
                expected: "\"dirichlet_process\" or \"dirichlet_distribution\"")
        }
    }

    /// What the Wishart distribution of the precisions adds to each log density.
    private mutating func bayesianCorrections(
        _ estimator: EstimatorRecord, width: Int, count: Int
    ) throws(ImportError) -> [Double] {
        // One number for all components where the covariance is tied.
        let freedom = try numbers(estimator, "degrees_of_freedom_")
        var freedoms = freedom.values
        if freedom.shape.rank == 0 {
            freedoms = [Double](repeating: freedoms[0], count: count)
        } else {
            try check(freedom.shape, [count], place: estimator.path + ".degrees_of_freedom_")
        }
        let precisions = try vector(estimator, "mean_precision_", count: count)
        var result: [Double] = []
        for index in 0..<count {
            var logarithm = Double(width) * log(2.0)
            for column in 0..<width { logarithm += digamma(0.5 * (freedoms[index] - Double(column))) }
            result.append(
                -0.5 * Double(width) * log(freedoms[index])
                    + 0.5 * (logarithm - Double(width) / precisions[index]))
        }
        return result
    }

    /// The derivative of ln Γ: by its recurrence up to 10, from there by its asymptotic series, whose next term is
    /// below 1e-16.
    private func digamma(_ argument: Double) -> Double {
        guard argument > 0, argument.isFinite else { return .nan }
        var x = argument
        var result = 0.0
        while x < 10 {
            result -= 1 / x
            x += 1
        }
        let inverse = 1 / (x * x)
        var series = 0.0
        // B(2k) / 2k for k = 8 down to 1.
        let terms: [Double] = [
            -3617.0 / 8160, 1.0 / 12, -691.0 / 32760, 1.0 / 132, -1.0 / 240, 1.0 / 252, -1.0 / 120, 1.0 / 12,
        ]
        for term in terms { series = (series + term) * inverse }
        return result + log(x) - 0.5 / x - series
    }
}
