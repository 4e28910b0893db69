internal import ModelIR
internal import TensorCore

/// Decision trees and forests of them.
extension GraphBuilder {
    /// A classifier of one tree, or a forest, whose probabilities are the mean of its trees' (summed in their order,
    /// then divided, as scikit-learn does).
    mutating func classifyByTrees(
        _ estimator: EstimatorRecord, _ frame: Frame, isForest: Bool
    ) throws(ImportError) -> EstimatorMethods {
        let targets = try targetLabels(estimator)
        let counts = targets.map(\.count)
        let width = counts.reduce(0, +)
        var ensemble = treeEnsemble(featureCount: frame.count, groupCount: width)
        ensemble.leafWidth = width
        // Weighted counts up to 1.3, fractions since.
        let areFractions = isAtLeast(1, 4)
        // A tree keeps as many numbers for each target as the one with the most classes needs.
        let widest = counts.max() ?? 0
        try addTrees(of: estimator, isForest: isForest, to: &ensemble) { tree throws(ImportError) in
            guard tree.outputCount == targets.count, tree.valueWidth == widest else {
                throw ImportError(
                    .malformed, at: tree.place + ".values",
                    found: "\(tree.outputCount) outputs of \(tree.valueWidth) classes",
                    expected: "\(targets.count) of \(widest)")
            }
        } leaf: { values in
            var leaf: [Double] = []
            for (target, count) in counts.enumerated() {
                let part = values.dropFirst(target * widest).prefix(count)
                leaf += areFractions ? Array(part) : Self.fractions(of: part)
            }
            return leaf
        }
        let probabilities = try mean(ensemble, frame, isForest: isForest, estimator: estimator)
        return try classification(ofProbabilities: probabilities, targets, path: estimator.path)
    }

    /// A regressor of one tree or a forest, of one target or several.
    mutating func regressByTrees(
        _ estimator: EstimatorRecord, _ frame: Frame, isForest: Bool
    ) throws(ImportError) -> EstimatorMethods {
        let outputCount = try outputCount(of: estimator)
        var ensemble = treeEnsemble(featureCount: frame.count, groupCount: outputCount)
        ensemble.leafWidth = outputCount
        try addTrees(of: estimator, isForest: isForest, to: &ensemble) { tree throws(ImportError) in
            guard tree.outputCount == outputCount, tree.valueWidth == 1 else {
                throw ImportError(
                    .malformed, at: tree.place + ".values",
                    found: "\(tree.outputCount) outputs of \(tree.valueWidth) numbers",
                    expected: "\(outputCount) of one")
            }
        } leaf: {
            Array($0)
        }
        let value = try mean(ensemble, frame, isForest: isForest, estimator: estimator)
        return EstimatorMethods(
            prediction: .numbers(value, width: outputCount, isVector: outputCount > 1))
    }

    /// An ensemble without trees, in the arithmetic of scikit-learn's trees: features are narrowed to float32, a
    /// threshold is float64, and what is equal to it goes left.
    func treeEnsemble(featureCount: Int, groupCount: Int) -> TreeEnsemble {
        TreeEnsemble(
            featureCount: featureCount, groupCount: groupCount, comparison: .lessOrEqual,
            precision: .float32FeaturesFloat64Sums)
    }

    private mutating func addTrees(
        of estimator: EstimatorRecord, isForest: Bool, to ensemble: inout TreeEnsemble,
        check: (FittedTree) throws(ImportError) -> Void, leaf: (ArraySlice<Double>) -> [Double]
    ) throws(ImportError) {
        let members = isForest ? try memberValues("estimators_", of: estimator) : [.none]
        if isForest { ensemble.reserveNodes(nodeCount(ofTreesIn: members)) }
        for (index, value) in members.enumerated() {
            let member =
                isForest ? try member(value, named: "estimators_[\(index)]", of: estimator) : estimator
            if index == 0 { ensemble.acceptsMissing = acceptsMissing(member, inForest: isForest) }
            let tree = try fittedTree(member, featureCount: ensemble.featureCount)
            try check(tree)
            let first = try ensemble.append(tree)
            let width = tree.outputCount * tree.valueWidth
            for node in 0..<tree.nodeCount where tree.isLeaf(node) {
                ensemble.setLeaf(first + node, to: leaf(tree.values[node * width..<(node + 1) * width])[...])
            }
        }
        try note(
            estimator,
            "\(ensemble.featureCount) features, "
                + (isForest ? "\(ensemble.treeCount) trees, " : "") + "\(ensemble.nodeCount) nodes"
                + (ensemble.groupCount > 1 ? ", \(ensemble.groupCount) outputs" : ""))
    }

    /// The sum of the trees, in a forest divided by their number.
    private mutating func mean(
        _ ensemble: TreeEnsemble, _ frame: Frame, isForest: Bool, estimator: EstimatorRecord
    ) throws(ImportError) -> ValueID {
        let input = try matrix(frame, as: .number, path: estimator.path)
        let width = ensemble.groupCount
        let count = Double(ensemble.treeCount)
        let sum = add(.treeEnsemble(ensemble), [input], width: width, path: estimator.path)
        guard isForest else { return sum }
        return divide(sum, by: count, width: width, path: estimator.path)
    }

    /// Every number of a value over the same divisor.
    mutating func divide(_ value: ValueID, by divisor: Double, width: Int, path: String) -> ValueID {
        let scaler = Scaler(
            form: .subtractDivide, offset: [Double](repeating: 0, count: width),
            scale: [Double](repeating: divisor, count: width))
        return add(.scaler(scaler), [value], width: width, path: path)
    }

    /// Each number over their sum, which NumPy adds up in its own order; a sum of zero counts as one.
    static func fractions(of counts: ArraySlice<Double>) -> [Double] {
        let sum = NumPySum.of(counts)
        return counts.map { $0 / (sum == 0 ? 1 : sum) }
    }

    // MARK: Outputs

    /// Targets: one unless the training target had several columns.
    func outputCount(of estimator: EstimatorRecord) throws(ImportError) -> Int {
        guard let scalar = scalarAttribute(estimator, "n_outputs_") else { return 1 }
        guard case .integer(let count) = scalar, count > 0, count <= Int64(Self.columnsMax) else {
            throw ImportError(
                .malformed, at: estimator.path + ".n_outputs_", found: scalar.description,
                expected: "1...\(Self.columnsMax)")
        }
        return Int(count)
    }

    /// The classes of each target of a classifier with `n_outputs_`.
    mutating func targetLabels(_ estimator: EstimatorRecord) throws(ImportError) -> [ClassLabels] {
        try targetLabels(estimator, count: outputCount(of: estimator))
    }

    // MARK: Missing values

    /// Whether a tree's predict takes NaN, as scikit-learn's input tags say: trees since 1.3 and forests since 1.4,
    /// for the best splitter and some criteria; random splitters since 1.6; every criterion since 1.9.
    func acceptsMissing(_ tree: EstimatorRecord, inForest: Bool) -> Bool {
        guard isAtLeast(1, inForest ? 4 : 3) else { return false }
        let isExtra = tree.className.hasPrefix("ExtraTree")
        let splitter = text(tree, "splitter") ?? ""
        if isAtLeast(1, 9) { return !isExtra || splitter == "random" }
        guard attribute(tree, "monotonic_cst") ?? .none == PickleValue.none,
            let criterion = text(tree, "criterion")
        else { return false }
        let isClassifier = tree.className.hasSuffix("Classifier")
        let criteria: Set<String> =
            isClassifier ? ["gini", "log_loss", "entropy"] : ["squared_error", "friedman_mse", "poisson"]
        guard criteria.contains(criterion) else { return false }
        guard isAtLeast(1, 6) else { return splitter == "best" }
        // ExtraTreeRegressor's own tag had no effect in 1.6, so that the one of DecisionTreeRegressor held.
        let isStrict = isExtra && (isClassifier || isAtLeast(1, 7))
        return splitter == "random" || splitter == "best" && !isStrict
    }
}
