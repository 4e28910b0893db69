internal import Glibc
internal import ModelIR
internal import TensorCore

/// Naive Bayes: a joint log likelihood a class; its greatest is the prediction.
extension GraphBuilder {
    /// scikit-learn subtracts the logarithm of the sum first, and takes the exponential then.
    private mutating func bayesMethods(
        _ estimator: EstimatorRecord, _ likelihoods: ValueID, _ labels: ClassLabels
    ) -> EstimatorMethods {
        let path = estimator.path
        let label = add(.argMax, [likelihoods], width: 1, path: path)
        let logarithms = add(.activation(.logSoftmax), [likelihoods], width: labels.count, path: path)
        let probabilities = add(.activation(.exp), [logarithms], width: labels.count, path: path)
        return EstimatorMethods(prediction: .label(label, labels), probabilities: probabilities)
    }

    /// ln prior - ½ Σ ln 2πv - ½ Σ (x - θ)²/v; `var_` was `sigma_` before 1.0.
    mutating func classifyByGaussians(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        let varianceName = attribute(estimator, "var_") == nil ? "sigma_" : "var_"
        let means = try rows(estimator, "theta_", width: frame.count)
        let variances = try rows(estimator, varianceName, width: frame.count)
        let priors = try vector(estimator, "class_prior_", count: labels.count)
        for (name, height) in [("theta_", means.height), (varianceName, variances.height)]
        where height != labels.count {
            throw ImportError(
                .malformed, at: "\(path).\(name)", found: "\(height) rows", expected: "\(labels.count), one a class")
        }
        let input = try matrix(frame, as: .number, path: path)
        let squares = pairwise(
            .standardizedSquares(variances: variances.weights), input, means, path: path)
        var offsets: [Double] = []
        for index in 0..<labels.count {
            var sum = 0.0
            for variance in variances.weights[index * frame.count..<(index + 1) * frame.count] {
                sum += log(2 * Double.pi * variance)
            }
            offsets.append(log(priors[index]) - 0.5 * sum)
        }
        let scaler = Scaler(
            form: .multiplyAdd, offset: offsets, scale: [Double](repeating: -0.5, count: labels.count))
        let likelihoods = add(.scaler(scaler), [squares], width: labels.count, path: path)
        try note(estimator, "\(frame.count) features, \(labels.count) classes")
        return bayesMethods(estimator, likelihoods, labels)
    }

    /// X · feature_log_prob_ᵀ + class_log_prior_; ComplementNB adds the prior only where there is one class, and
    /// BernoulliNB counts what is absent too.
    mutating func classifyByCounts(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        var logarithms = try rows(estimator, "feature_log_prob_", width: frame.count)
        guard logarithms.height == labels.count else {
            throw ImportError(
                .malformed, at: path + ".feature_log_prob_", found: "\(logarithms.height) rows",
                expected: "\(labels.count), one a class")
        }
        var bias = try vector(estimator, "class_log_prior_", count: labels.count)
        var input = try matrix(frame, as: .number, path: path)
        switch estimator.className {
        case "ComplementNB":
            if labels.count > 1 { bias = [Double](repeating: 0, count: labels.count) }
        case "BernoulliNB":
            for index in logarithms.weights.indices {
                let absent = log(1 - exp(logarithms.weights[index]))
                logarithms.weights[index] -= absent
                bias[index / frame.count] += absent
            }
            if let value = attribute(estimator, "binarize"), value != .none {
                let threshold = [Double](repeating: try number(estimator, "binarize"), count: frame.count)
                let shifted = subtract(threshold, from: input, path: path)
                input = add(.activation(.step), [shifted], width: frame.count, path: path)
            }
        default: break
        }
        let likelihoods = project(input, logarithms, bias: bias, path: path)
        try note(estimator, "\(frame.count) features, \(labels.count) classes")
        return bayesMethods(estimator, likelihoods.value, labels)
    }

    /// The sum over the columns of feature_log_prob_[column][:, category], and class_log_prior_.
    mutating func classifyByCategories(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        var starts = [0]
        var values: [Double] = []
        for (column, item) in try items(estimator, "feature_log_prob_", count: frame.count).enumerated() {
            let place = "\(path).feature_log_prob_[\(column)]"
            // One row a category.
            let table = try columns(numbers(item, place: place), height: labels.count, place: place)
            values += table.weights
            starts.append(starts[column] + table.height)
        }
        let sum = TableSum(
            starts: starts, values: values, bias: try vector(estimator, "class_log_prior_", count: labels.count))
        let input = try matrix(frame, as: .number, path: path)
        let likelihoods = add(.tableSum(sum), [input], width: labels.count, path: path)
        try note(estimator, "\(frame.count) features, \(labels.count) classes")
        return bayesMethods(estimator, likelihoods, labels)
    }
}
