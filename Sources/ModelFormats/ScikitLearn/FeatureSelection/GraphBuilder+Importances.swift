internal import ModelIR
internal import TensorCore

/// `feature_importances_` of trees and forests, which files do not hold: worked out as scikit-learn does.
extension GraphBuilder {
    private static let singleTrees = [
        "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor",
    ]
    private static let forests = [
        "RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
    ]
    private static let boosters = ["GradientBoostingClassifier", "GradientBoostingRegressor"]

    /// `feature_importances_` of a model of trees, and the relative error that it may have; nil for one whose file
    /// does not tell them.
    mutating func fittedImportances(
        of model: EstimatorRecord, count: Int
    ) throws(ImportError) -> (values: [Double], precision: Double)? {
        switch model.package {
        // Sums of float32 numbers.
        case "xgboost": try xgboostImportances(of: model, count: count).map { ($0, 1e-5) }
        // Counts.
        case "lightgbm": try lightgbmImportances(of: model, count: count).map { ($0, 0) }
        default: try treeImportances(of: model, count: count).map { ($0, 1e-9) }
        }
    }

    /// How much each column lessened the impurity; nil for a model that is not made of trees.
    private mutating func treeImportances(of model: EstimatorRecord, count: Int) throws(ImportError) -> [Double]? {
        if Self.singleTrees.contains(model.className) {
            return try treeImportances(model, count: count).map { Self.normalized($0) }
                ?? [Double](repeating: 0, count: count)
        }
        let isForest = Self.forests.contains(model.className)
        guard isForest || Self.boosters.contains(model.className) else { return nil }
        let (items, _) = try objects(model, "estimators_")
        guard items.count <= Self.stepsMax * 10 else { throw tooManySteps(model.path) }
        var sums = [Double](repeating: 0, count: count)
        var treeCount = 0
        for (index, item) in items.enumerated() {
            let tree = try member(item, named: "estimators_[\(index)]", of: model)
            try spend(count, path: tree.path)
            guard let importances = try treeImportances(tree, count: count) else { continue }
            let part = isForest ? Self.normalized(importances) : importances
            for column in 0..<count { sums[column] += part[column] }
            treeCount += 1
        }
        guard treeCount > 0 else { return sums }
        let means = sums.map { $0 / Double(treeCount) }
        let total = NumPySum.of(means[...])
        return means.map { $0 / total }
    }

    /// Of one tree, over the weight of its root; nil for a tree without a split.
    private mutating func treeImportances(
        _ estimator: EstimatorRecord, count: Int
    ) throws(ImportError) -> [Double]? {
        let tree = try fittedTree(estimator, featureCount: count)
        guard tree.nodeCount > 1, let record = document.record(try required(estimator, "tree_")) else { return nil }
        let nodes = try structures("nodes", of: record, place: tree.place)
        let impurities = try field("impurity", of: nodes, place: tree.place)
        let weights = try field("weighted_n_node_samples", of: nodes, place: tree.place)
        var importances = [Double](repeating: 0, count: count)
        for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
            let left = Int(tree.leftChildren[node])
            let right = Int(tree.rightChildren[node])
            guard right >= 0, tree.features[node] >= 0 else {
                throw ImportError(
                    .malformed, at: "\(tree.place).nodes[\(node)]", found: "half a split",
                    expected: "a column and two children")
            }
            importances[Int(tree.features[node])] +=
                weights[node] * impurities[node] - weights[left] * impurities[left] - weights[right] * impurities[right]
        }
        return importances.map { $0 / weights[0] }
    }

    private static func normalized(_ importances: [Double]) -> [Double] {
        let total = NumPySum.of(importances[...])
        return total > 0 ? importances.map { $0 / total } : importances
    }

    /// Refuses a selection that the last bit decides.
    ///
    /// - Parameters:
    ///   - limit: how many columns are taken at most; nil for no bound.
    ///   - precision: the relative error of the importances; 0 where they are exact, so that nothing is in doubt.
    func checkDecided(
        _ importances: [Double], threshold: Double, limit: Int?, precision: Double, _ selector: EstimatorRecord
    ) throws(ImportError) {
        guard precision > 0 else { return }
        func isClose(_ one: Double, _ other: Double) -> Bool {
            one.isFinite && other.isFinite && abs(one - other) <= precision * max(abs(one), abs(other))
                && !(one == 0 && other == 0)
        }
        var isDecided = !importances.contains { isClose($0, threshold) } && !importances.contains { $0.isNaN }
        let sorted = importances.sorted(by: >)
        if let limit, limit > 0, limit < sorted.count, isClose(sorted[limit - 1], sorted[limit]) { isDecided = false }
        guard isDecided else {
            throw ImportError(
                .unsupported, at: selector.path + ".threshold",
                found: "a column whose importance is within \(precision) of the bound",
                expected: "importances apart from it",
                remedy: "retrain with another threshold, or drop the columns before training")
        }
    }
}
