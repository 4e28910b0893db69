internal import Glibc
internal import ModelIR
internal import TensorCore

/// `GradientBoostingClassifier` and `GradientBoostingRegressor`.
extension GraphBuilder {
    /// The losses of classifiers, by the class of their record or, in old files, the parameter.
    private enum Link {
        /// raw = log(p / (1 - p))
        case logit
        /// raw = log(p / (1 - p)) / 2: the exponential loss.
        case halfLogit
        /// raw = log(p), since 1.4 less the classes' mean.
        case log(isCentered: Bool)
    }

    mutating func regressByBoosting(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError)
        -> EstimatorMethods
    {
        let (ensemble, groups) = try stages(of: estimator, featureCount: frame.count)
        guard groups == 1 else { throw wrongTreesAStage(groups, expected: "1", estimator) }
        let value = try raw(ensemble, frame, estimator, link: nil)
        return EstimatorMethods(prediction: .numbers(value, width: 1, isVector: false))
    }

    mutating func classifyByBoosting(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError)
        -> EstimatorMethods
    {
        let path = estimator.path
        let labels = try classLabels(estimator)
        let (ensemble, groups) = try stages(of: estimator, featureCount: frame.count)
        guard labels.count >= 2, groups == (labels.count == 2 ? 1 : labels.count) else {
            throw wrongTreesAStage(groups, expected: "those of \(labels.count) classes", estimator)
        }
        let link = try link(of: estimator, groups: groups)
        let raw = try raw(ensemble, frame, estimator, link: link)
        let probabilities: ValueID
        let label: ValueID
        switch link {
        case .logit, .halfLogit:
            var score = raw
            if case .halfLogit = link { score = divide(raw, by: 0.5, width: 1, path: path) }
            let one = add(.activation(.logistic), [score], width: 1, path: path)
            probabilities = add(.binaryProbabilities, [one], width: 2, path: path)
            if case .logit = link, !isAtLeast(1, 4) {
                // The first maximum of the probabilities; later the sign of the score.
                label = add(.argMax, [probabilities], width: 1, path: path)
            } else {
                label = add(.greater(threshold: Self.belowZero), [raw], width: 1, path: path)
            }
        case .log:
            probabilities = add(.activation(.softmax), [raw], width: groups, path: path)
            label = add(.argMax, [isAtLeast(1, 4) ? raw : probabilities], width: 1, path: path)
        }
        return EstimatorMethods(
            prediction: .label(label, labels), probabilities: probabilities,
            decision: EstimatorMethods.Numbers(value: raw, width: groups))
    }

    private func wrongTreesAStage(_ count: Int, expected: String, _ estimator: EstimatorRecord) -> ImportError {
        ImportError(
            .malformed, at: estimator.path + ".estimators_", found: "\(count) trees a stage", expected: expected)
    }

    /// Files since 1.4 have losses of `sklearn._loss`, older ones those of `sklearn.ensemble._gb_losses`.
    private func link(of estimator: EstimatorRecord, groups: Int) throws(ImportError) -> Link {
        let value = attribute(estimator, "_loss") ?? attribute(estimator, "loss_") ?? .none
        let loss = document.record(value).map { document.fullName($0) } ?? ""
        let name = loss.split(separator: ".").last.map { String($0) } ?? ""
        switch name {
        case "HalfBinomialLoss" where groups == 1, "BinomialDeviance" where groups == 1: return .logit
        case "ExponentialLoss" where groups == 1: return .halfLogit
        case "HalfMultinomialLoss" where groups > 1: return .log(isCentered: true)
        case "MultinomialDeviance" where groups > 1: return .log(isCentered: false)
        default:
            throw ImportError(
                .unsupported, at: estimator.path + "._loss", found: document.describe(value),
                expected: "the loss log_loss or exponential")
        }
    }

    // MARK: Trees

    /// `estimators_` is an array [stages, trees a stage]; a leaf adds learning_rate times its value.
    private mutating func stages(
        of estimator: EstimatorRecord, featureCount: Int
    ) throws(ImportError) -> (ensemble: TreeEnsemble, groups: Int) {
        let place = estimator.path + ".estimators_"
        let (items, extents) = try objects(estimator, "estimators_")
        guard extents.count == 2, extents[1] > 0, !items.isEmpty, items.count % extents[1] == 0 else {
            throw ImportError(
                .malformed, at: place, found: "a shape of \(extents)", expected: "[stages, trees a stage]")
        }
        let groups = extents[1]
        let rate = try numbers(estimator, "learning_rate")
        try check(rate.shape, [], place: estimator.path + ".learning_rate")
        var ensemble = treeEnsemble(featureCount: featureCount, groupCount: groups)
        ensemble.acceptsMissing = false
        for (index, value) in items.enumerated() {
            let member = try member(value, named: "estimators_[\(index)]", of: estimator)
            let tree = try fittedTree(member, featureCount: featureCount)
            guard tree.outputCount == 1, tree.valueWidth == 1 else {
                throw ImportError(
                    .malformed, at: tree.place + ".values",
                    found: "\(tree.outputCount) outputs of \(tree.valueWidth) numbers", expected: "one number")
            }
            let first = try ensemble.append(tree, group: index % groups)
            for node in 0..<tree.nodeCount where tree.isLeaf(node) {
                ensemble.leafValues[first + node] = rate.values[0] * tree.values[node]
            }
        }
        try note(
            estimator,
            "\(featureCount) features, \(ensemble.treeCount) trees, \(ensemble.nodeCount) nodes"
                + (groups > 1 ? ", \(groups) classes" : ""))
        return (ensemble, groups)
    }

    // MARK: What the sum starts with

    /// The sum of the trees, begun with what `init_` predicts. There are whole stages of trees.
    private mutating func raw(
        _ ensemble: TreeEnsemble, _ frame: Frame, _ estimator: EstimatorRecord, link: Link?
    ) throws(ImportError) -> ValueID {
        let path = estimator.path
        var ensemble = ensemble
        let input = try matrix(frame, as: .number, path: path)
        let groups = ensemble.groupCount
        let value = attribute(estimator, "init_") ?? .none
        if document.scalar(value) == .text("zero") {
            return add(.treeEnsemble(ensemble), [input], width: groups, path: path)
        }
        let initial = try member("init_", of: estimator)
        if let constants = try constants(of: initial, link: link, groups: groups) {
            ensemble.baseScores = constants
            return add(.treeEnsemble(ensemble), [input], width: groups, path: path)
        }
        // It is asked for a prediction of float32 numbers, as the trees are.
        let narrow = add(.elementwise(.float32), [input], width: frame.count, path: path)
        let methods = try methods(initial, Frame(narrow, width: frame.count, kind: .number))
        let start = try self.start(methods, of: initial, link: link, groups: groups)
        guard ensemble.treeCount <= Self.separateTreesMax else {
            let sum = add(.treeEnsemble(ensemble), [input], width: groups, path: path)
            return add(.combination(Combination(count: 2)), [start, sum], width: groups, path: path)
        }
        // The library adds each tree to what `init_` predicts, which rounds otherwise than the sum of the trees does.
        let trees = ensemble.treeCount
        ensemble.groupCount = trees
        ensemble.treeGroups = (0..<trees).map { Int32($0) }
        ensemble.baseScores = [Double](repeating: 0, count: trees)
        try spend(2 * trees, path: path)
        let leaves = add(.treeEnsemble(ensemble), [input], width: trees, path: path)
        var terms = [start]
        for first in stride(from: 0, to: trees, by: groups) {
            let stage = Array(first..<first + groups)
            terms.append(add(.gatherColumns(stage), [leaves], width: groups, path: path))
        }
        return add(.combination(Combination(count: terms.count)), terms, width: groups, path: path)
    }

    /// Trees behind an `init_` of the user's own that are added up one by one; more are summed among themselves first,
    /// which may differ in the last place.
    private static let separateTreesMax = 1000

    /// What the standard `init_` gives for every row; nil if it is another estimator.
    private mutating func constants(
        of initial: EstimatorRecord, link: Link?, groups: Int
    ) throws(ImportError) -> [Double]? {
        if let scores = try legacyConstants(of: initial, groups: groups) { return scores }
        guard let link else {
            guard initial.className == "DummyRegressor" else { return nil }
            let constant = try numbers(initial, "constant_")
            guard constant.values.count == 1 else {
                throw ImportError(
                    .malformed, at: initial.path + ".constant_", found: "shape \(constant.shape)", expected: "[1, 1]")
            }
            return constant.values
        }
        guard initial.className == "DummyClassifier", text(initial, "strategy") == "prior" else { return nil }
        let prior = try numbers(initial, "class_prior_")
        try check(prior.shape, [max(groups, 2)], place: initial.path + ".class_prior_")
        let bounds = probabilityBounds
        let clipped = prior.values.map { min(max($0, bounds.lowerBound), bounds.upperBound) }
        switch link {
        case .logit: return [logit(clipped[1])]
        case .halfLogit: return [0.5 * logit(clipped[1])]
        case .log(let isCentered):
            let logs = clipped.map { log($0) }
            guard isCentered else { return logs }
            // The quotient by the geometric mean, as the library computes it, and not the difference of logarithms.
            let mean = exp(logs.reduce(0, +) / Double(groups))
            return clipped.map { log($0 / mean) }
        }
    }

    /// log(p / (1 - p)) to the last bit: 1.4 and later take SciPy's, which is another formula about one half.
    private func logit(_ probability: Double) -> Double {
        guard isAtLeast(1, 4), probability >= 0.3, probability <= 0.65 else {
            return log(probability / (1 - probability))
        }
        let distance = 2 * (probability - 0.5)
        return log1p(distance) - log1p(-distance)
    }

    /// The raw scores of the `init_` of scikit-learn up to 0.20, which had estimators of its own for them; nil if it is
    /// another one.
    private mutating func legacyConstants(
        of initial: EstimatorRecord, groups: Int
    ) throws(ImportError) -> [Double]? {
        let name: String
        switch initial.className {
        case "ZeroEstimator": return [Double](repeating: 0, count: groups)
        case "MeanEstimator": name = "mean"
        case "QuantileEstimator": name = "quantile"
        case "LogOddsEstimator", "ScaledLogOddsEstimator": name = "prior"
        case "PriorProbabilityEstimator": name = "priors"
        default: return nil
        }
        let scores = try numbers(initial, name).values
        guard scores.count == groups else {
            throw ImportError(
                .malformed, at: "\(initial.path).\(name)", found: "\(scores.count) numbers", expected: "\(groups)")
        }
        return scores
    }

    /// What keeps the logarithms of a classifier's `init_` finite: a precision of float32 up to 1.7.
    private var probabilityBounds: ClosedRange<Double> {
        isAtLeast(1, 8) ? Double.ulpOfOne...(1 - Double.ulpOfOne) : Double(Float.ulpOfOne)...Double(1 - Float.ulpOfOne)
    }

    /// The prediction of an estimator of the user's own as raw scores.
    private mutating func start(
        _ methods: EstimatorMethods, of initial: EstimatorRecord, link: Link?, groups: Int
    ) throws(ImportError) -> ValueID {
        let path = initial.path
        guard let link else {
            guard case .numbers(let value, 1, _) = methods.prediction else {
                throw ImportError(
                    .unsupported, at: path, found: initial.fullName, expected: "a regressor of one target as init")
            }
            return value
        }
        guard let probabilities = methods.probabilities, case .label(_, let labels) = methods.prediction,
            labels.count == max(groups, 2)
        else {
            throw ImportError(
                .unsupported, at: path, found: initial.fullName,
                expected: "a classifier with predict_proba of \(max(groups, 2)) classes as init")
        }
        let bounds = probabilityBounds
        let clip = ElementwiseFunction.clip(lower: bounds.lowerBound, upper: bounds.upperBound)
        switch link {
        case .logit, .halfLogit:
            let one = add(.gatherColumns([1]), [probabilities], width: 1, path: path)
            let clipped = add(.elementwise(clip), [one], width: 1, path: path)
            let raw = add(.elementwise(.logit), [clipped], width: 1, path: path)
            if case .logit = link { return raw }
            return divide(raw, by: 2, width: 1, path: path)
        case .log(let isCentered):
            let clipped = add(.elementwise(clip), [probabilities], width: groups, path: path)
            let logs = add(.elementwise(.log), [clipped], width: groups, path: path)
            return isCentered ? add(.activation(.subtractMean), [logs], width: groups, path: path) : logs
        }
    }
}
