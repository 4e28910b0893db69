internal import ModelIR
internal import TensorCore

/// Multi-layer perceptrons.
extension GraphBuilder {
    /// What the last layer gives, after `out_activation_`.
    mutating func layers(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        let path = estimator.path
        guard let weights = document.sequence(try required(estimator, "coefs_")), !weights.isEmpty,
            weights.count <= Self.stepsMax
        else {
            throw ImportError(
                .malformed, at: path + ".coefs_",
                found: attribute(estimator, "coefs_").map { document.describe($0) } ?? "nothing",
                expected: "a list of matrices")
        }
        let biases = try items(estimator, "intercepts_", count: weights.count)
        let hidden = try activation(estimator, "activation")
        let output = try activation(estimator, "out_activation_")
        var value = EstimatorMethods.Numbers(
            value: try matrix(frame, as: .number, path: path), width: frame.count)
        var sizes = "\(frame.count)"
        for layer in weights.indices {
            let place = "\(path).coefs_[\(layer)]"
            let matrix = try columns(numbers(weights[layer], place: place), height: value.width, place: place)
            let biasPlace = "\(path).intercepts_[\(layer)]"
            let bias = try numbers(biases[layer], place: biasPlace)
            try check(bias.shape, [matrix.height], place: biasPlace)
            try spend(matrix.height, path: path)
            value = project(value.value, matrix, bias: bias.values, path: path)
            if let function = layer == weights.count - 1 ? output : hidden {
                value = EstimatorMethods.Numbers(
                    value: add(.activation(function), [value.value], width: value.width, path: path),
                    width: value.width)
            }
            if layer < 8 { sizes += "-\(value.width)" }
        }
        try note(estimator, "layers \(sizes)" + (weights.count > 8 ? "-..." : ""))
        return value
    }

    /// Nil for the identity.
    private func activation(_ estimator: EstimatorRecord, _ name: String) throws(ImportError) -> Activation? {
        switch text(estimator, name) {
        case "identity": return nil
        case "logistic": return .logistic
        case "tanh": return .tanh
        case "relu": return .relu
        case "softmax": return .softmax
        // The output of a loss "poisson", since 1.7.
        case "exp": return .exp
        default:
            throw ImportError(
                .unsupported, at: "\(estimator.path).\(name)",
                found: attribute(estimator, name).map { document.describe($0) } ?? "nothing",
                expected: "\"identity\", \"logistic\", \"tanh\", \"relu\", \"softmax\" or \"exp\"")
        }
    }

    /// One logistic output is the probability of the second of two classes; else there is one output a class.
    mutating func classifyByNetwork(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try binarizedLabels(estimator)
        let last = try layers(estimator, frame)
        if try isMultilabel(estimator) {
            guard last.width == labels.count else {
                throw ImportError(
                    .malformed, at: path + ".coefs_", found: "\(last.width) outputs",
                    expected: "one for each of \(labels.count) labels")
            }
            let columns = try columns(of: last, path: path)
            return try multilabel(scores: columns, threshold: 0.5, probabilities: columns, estimator)
        }
        guard last.width == (labels.count == 2 ? 1 : labels.count), labels.count >= 2 else {
            throw ImportError(
                .malformed, at: path + ".coefs_", found: "\(last.width) outputs",
                expected: "those of \(labels.count) classes")
        }
        guard last.width == 1 else {
            let label = add(.argMax, [last.value], width: 1, path: path)
            return EstimatorMethods(prediction: .label(label, labels), probabilities: last.value)
        }
        let label = add(.greater(threshold: 0.5), [last.value], width: 1, path: path)
        let probabilities = add(.binaryProbabilities, [last.value], width: 2, path: path)
        return EstimatorMethods(prediction: .label(label, labels), probabilities: probabilities)
    }

    /// BernoulliRBM: the logistic function of X · components_ᵀ + intercept_hidden_.
    mutating func transformByMachine(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> Frame {
        let components = try rows(estimator, "components_", width: frame.count)
        let bias = try vector(estimator, "intercept_hidden_", count: components.height)
        let input = try matrix(frame, as: .number, path: estimator.path)
        let product = project(input, components, bias: bias, path: estimator.path)
        try note(estimator, "\(frame.count) features, \(components.height) components")
        let value = add(.activation(.logistic), [product.value], width: product.width, path: estimator.path)
        return Frame(value, width: product.width, kind: .number)
    }
}
