internal import ModelIR
internal import TensorCore

/// `DummyClassifier` and `DummyRegressor`.
extension GraphBuilder {
    mutating func regressByDummy(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let values = try numbers(estimator, "constant_").values
        guard !values.isEmpty else {
            throw ImportError(
                .malformed, at: estimator.path + ".constant_", found: "no numbers", expected: "one a target")
        }
        try note(estimator, text(estimator, "strategy") ?? "mean")
        try spend(values.count, path: estimator.path)
        let value = add(.constant(values), width: values.count, path: estimator.path)
        return EstimatorMethods(
            prediction: .numbers(value, width: values.count, isVector: values.count > 1))
    }

    mutating func classifyByDummy(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try singleOutputLabels(estimator)
        // `_strategy` since 0.24.
        let strategy = text(estimator, "_strategy") ?? text(estimator, "strategy") ?? ""
        let prior = try numbers(estimator, "class_prior_")
        try check(prior.shape, [labels.count], place: path + ".class_prior_")
        var largest = 0
        for index in prior.values.indices where prior.values[index] > prior.values[largest] { largest = index }
        var rows = [Double](repeating: 0, count: labels.count)
        switch strategy {
        case "prior": rows = prior.values
        case "most_frequent": rows[largest] = 1
        case "constant":
            guard let constant = try constantLabel(estimator), let place = labels.positions(of: constant)?.first else {
                throw ImportError(
                    .malformed, at: path + ".constant",
                    found: attribute(estimator, "constant").map { document.describe($0) } ?? "nothing",
                    expected: "one of the classes")
            }
            largest = place
            rows[place] = 1
        default:
            throw ImportError(
                .unsupported, at: path + ".strategy", found: "\"\(strategy)\", which is random",
                expected: "prior, most_frequent or constant")
        }
        try note(estimator, "\(strategy), \(labels.count) classes")
        let probabilities = add(.constant(rows), width: labels.count, path: path)
        var chosen = [Double](repeating: 0, count: labels.count)
        chosen[largest] = 1
        let label = add(
            .argMax, [add(.constant(chosen), width: labels.count, path: path)], width: 1, path: path)
        return EstimatorMethods(prediction: .label(label, labels), probabilities: probabilities)
    }

    private mutating func constantLabel(_ estimator: EstimatorRecord) throws(ImportError) -> ClassLabels? {
        guard let value = attribute(estimator, "constant") else { return nil }
        var scalar = document.scalar(value)
        if document.array(value) != nil || document.sequence(value) != nil {
            let items = try list(value, place: estimator.path + ".constant")
            guard items.count == 1 else { return nil }
            scalar = items[0]
        }
        return ClassLabels(scalar)
    }
}

extension ClassLabels {
    /// One label; nil for what none can be.
    init?(_ scalar: PickleScalar) {
        switch scalar {
        case .integer(let value): self = .integers([value])
        case .float(let value): self = .doubles([value])
        case .boolean(let value): self = .booleans([value])
        case .text(let value): self = .strings([value])
        case .none, .other: return nil
        }
    }
}
