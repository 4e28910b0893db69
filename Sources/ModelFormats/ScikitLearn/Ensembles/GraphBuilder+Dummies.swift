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
        let targets = try targetLabels(estimator)
        // `_strategy` since 0.24.
        let strategy = text(estimator, "_strategy") ?? text(estimator, "strategy") ?? ""
        guard ["prior", "most_frequent", "constant"].contains(strategy) else {
            throw ImportError(
                .unsupported, at: path + ".strategy", found: "\"\(strategy)\", which is random",
                expected: "prior, most_frequent or constant")
        }
        // scikit-learn makes one array of all answers, in which labels of several types become text.
        guard targets.allSatisfy({ $0.hasType(of: targets[0]) }) else {
            throw ImportError(
                .unsupported, at: path + ".classes_", found: "targets of several types", expected: "one type",
                remedy: "convert the targets to text before training")
        }
        let priors = try classPriors(estimator, targets)
        let constants = strategy == "constant" ? try constantPlaces(estimator, targets) : []
        try note(
            estimator,
            "\(strategy), " + (targets.count == 1 ? "\(targets[0].count) classes" : "\(targets.count) targets"))
        var parts: [EstimatorMethods] = []
        for (target, labels) in targets.enumerated() {
            let prior = priors[target]
            var chosen = 0
            for index in prior.indices where prior[index] > prior[chosen] { chosen = index }
            if strategy == "constant" { chosen = constants[target] }
            try spend(labels.count, path: path)
            var row = [Double](repeating: 0, count: labels.count)
            row[chosen] = 1
            let choice = add(.constant(row), width: labels.count, path: path)
            let label = add(.argMax, [choice], width: 1, path: path)
            let probabilities =
                strategy == "prior" ? add(.constant(prior), width: labels.count, path: path) : choice
            parts.append(EstimatorMethods(prediction: .label(label, labels), probabilities: probabilities))
        }
        return parts.count == 1 ? parts[0] : try joined(parts, estimator)
    }

    /// `class_prior_`: a list of arrays where there are several targets.
    private mutating func classPriors(
        _ estimator: EstimatorRecord, _ targets: [ClassLabels]
    ) throws(ImportError) -> [[Double]] {
        let place = estimator.path + ".class_prior_"
        let value = try required(estimator, "class_prior_")
        guard targets.count > 1 else {
            let prior = try numbers(value, place: place)
            try check(prior.shape, [targets[0].count], place: place)
            return [prior.values]
        }
        guard let items = document.sequence(value), items.count == targets.count else {
            throw wrongType(value, place: place, expected: "a list of \(targets.count) arrays")
        }
        var priors: [[Double]] = []
        for (target, item) in items.enumerated() {
            let prior = try numbers(item, place: "\(place)[\(target)]")
            try check(prior.shape, [targets[target].count], place: "\(place)[\(target)]")
            priors.append(prior.values)
        }
        return priors
    }

    /// The class of `constant` in each target.
    private mutating func constantPlaces(
        _ estimator: EstimatorRecord, _ targets: [ClassLabels]
    ) throws(ImportError) -> [Int] {
        let value = try required(estimator, "constant")
        var scalars = [document.scalar(value)]
        if document.array(value) != nil || document.sequence(value) != nil {
            scalars = try list(value, place: estimator.path + ".constant")
        }
        var places: [Int] = []
        for (scalar, labels) in zip(scalars, targets) {
            guard let label = ClassLabels(scalar), let place = labels.positions(of: label)?.first else { break }
            places.append(place)
        }
        guard scalars.count == targets.count, places.count == targets.count else {
            throw ImportError(
                .malformed, at: estimator.path + ".constant", found: document.describe(value),
                expected: targets.count == 1 ? "one of the classes" : "one class a target")
        }
        return places
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

    /// Whether both hold labels of one type.
    func hasType(of other: ClassLabels) -> Bool {
        switch (self, other) {
        case (.integers, .integers), (.doubles, .doubles), (.booleans, .booleans), (.strings, .strings): true
        default: false
        }
    }
}
