internal import Glibc
internal import ModelIR
internal import TensorCore

/// Linear and quadratic discriminant analysis.
extension GraphBuilder {
    /// (X - xbar_) · scalings_, without the mean for the solver "eigen"; nil for "lsqr", which does not transform.
    mutating func discriminantAxes(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods.Numbers? {
        let solver = text(estimator, "solver")
        guard solver != "lsqr" else { return nil }
        guard solver == "svd" || solver == "eigen" else {
            throw ImportError(
                .unsupported, at: estimator.path + ".solver", found: solver.map { "\"\($0)\"" } ?? "nothing",
                expected: "\"svd\", \"eigen\" or \"lsqr\"")
        }
        guard case .integer(let limit)? = scalarAttribute(estimator, "_max_components"), limit > 0 else {
            throw ImportError(
                .malformed, at: estimator.path + "._max_components", found: "no number", expected: "one or more")
        }
        let axes = try columns(estimator, "scalings_", height: frame.count, limit: Int(limit))
        var input = try matrix(frame, as: .number, path: estimator.path)
        if solver == "svd" {
            input = subtract(try vector(estimator, "xbar_", count: frame.count), from: input, path: estimator.path)
        }
        return project(input, axes, path: estimator.path)
    }

    /// For each class the squared length of (X - mean) · R · S^-½, and from it -½ (length + Σ ln S) + ln prior.
    mutating func discriminate(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        guard labels.count >= 2 else {
            throw ImportError(
                .malformed, at: path + ".classes_", found: "\(labels.count) classes", expected: "two or more")
        }
        let means = try numbers(estimator, "means_")
        try check(means.shape, [labels.count, frame.count], place: path + ".means_")
        let priors = try vector(estimator, "priors_", count: labels.count)
        let rotations = try items(estimator, "rotations_", count: labels.count)
        let scalings = try items(estimator, "scalings_", count: labels.count)
        let input = try matrix(frame, as: .number, path: path)
        var lengths: [ValueID] = []
        var offsets: [Double] = []
        for index in 0..<labels.count {
            let place = "\(path).rotations_[\(index)]"
            var axes = try columns(numbers(rotations[index], place: place), height: frame.count, place: place)
            let scalingPlace = "\(path).scalings_[\(index)]"
            let scaling = try numbers(scalings[index], place: scalingPlace)
            try check(scaling.shape, [axes.height], place: scalingPlace)
            var logarithms = 0.0
            for axis in 0..<axes.height {
                let factor = pow(scaling.values[axis], -0.5)
                for column in axis * axes.width..<(axis + 1) * axes.width { axes.weights[column] *= factor }
                logarithms += log(scaling.values[axis])
            }
            let mean = Array(means.values[index * frame.count..<(index + 1) * frame.count])
            let projected = project(subtract(mean, from: input, path: path), axes, path: path)
            lengths.append(
                add(.sumOfSquares(groupWidth: projected.width), [projected.value], width: 1, path: path))
            offsets.append(-0.5 * logarithms + log(priors[index]))
        }
        let all = add(.concat, lengths, width: labels.count, path: path)
        let scaler = Scaler(
            form: .multiplyAdd, offset: offsets, scale: [Double](repeating: -0.5, count: labels.count))
        let scores = add(.scaler(scaler), [all], width: labels.count, path: path)
        try note(estimator, "\(frame.count) features, \(labels.count) classes")
        return densityMethods(scores, labels, path: path)
    }

    /// The methods of a classifier that has one log posterior a class, up to a constant: their softmax, and for two
    /// classes their difference as decision.
    mutating func densityMethods(_ scores: ValueID, _ labels: ClassLabels, path: String) -> EstimatorMethods {
        let count = labels.count
        let label = add(.argMax, [scores], width: 1, path: path)
        let probabilities = add(.activation(.softmax), [scores], width: count, path: path)
        var decision = EstimatorMethods.Numbers(value: scores, width: count)
        if count == 2 {
            let difference = Gemm(weights: [-1, 1], bias: [0], inputWidth: 2)
            decision = EstimatorMethods.Numbers(
                value: add(.gemm(difference), [scores], width: 1, path: path), width: 1)
        }
        return EstimatorMethods(prediction: .label(label, labels), probabilities: probabilities, decision: decision)
    }

    /// The items of an attribute that is a list of arrays.
    func items(_ estimator: EstimatorRecord, _ name: String, count: Int) throws(ImportError) -> [PickleValue] {
        let value = try required(estimator, name)
        guard let items = document.sequence(value), items.count == count else {
            throw wrongType(value, place: "\(estimator.path).\(name)", expected: "a list of \(count)")
        }
        return items
    }
}
