internal import ModelIR
internal import TensorCore

/// A checked model document: the ensemble, and all that decides how its margins become predictions.
struct XGBoostModel {
    let columns: [Column]
    let ensemble: TreeEnsemble
    let objective: XGBoostObjective
    let booster: String
    /// What kind of scikit-learn estimator saved it; nil for a native booster.
    let wrapper: XGBoostWrapper?
    let classCount: Int
    let version: String

    init(_ file: XGBoostFile) throws(ImportError) {
        let learner = file.learner
        version = file.version.map(String.init).joined(separator: ".")
        wrapper = try XGBoostWrapper(learner.attributes)

        guard let name = learner.objective else { throw XGBoostFileReader.missing("name", in: "learner.objective") }
        guard let objective = XGBoostObjective(name) else {
            throw ImportError(
                .unsupported, at: "learner.objective.name", found: XGBoostParameters.shown(name),
                expected: XGBoostObjective.expected)
        }
        self.objective = objective
        guard let booster = learner.booster else {
            throw XGBoostFileReader.missing("name", in: "learner.gradient_booster")
        }
        guard booster == "gbtree" || booster == "dart" else {
            throw ImportError(
                .unsupported, at: "learner.gradient_booster.name", found: XGBoostParameters.shown(booster),
                expected: "\"gbtree\" or \"dart\"", remedy: "train with booster=gbtree")
        }
        self.booster = booster
        guard let model = learner.boosterModel, let trees = model.trees, let treeGroups = model.treeGroups else {
            throw XGBoostFileReader.missing("trees\" and \"tree_info", in: "learner.gradient_booster")
        }

        let sizes = try XGBoostSizes(learner, trees, at: model.place)
        columns = try Self.columns(learner.featureNames, count: sizes.featureCount)
        classCount = max(2, sizes.classCount)
        try Self.checkCounts(model, trees, treeGroups, learner.treeWeights, isDART: booster == "dart")
        let kept = try Self.keptTrees(model, trees.count, sizes, wrapper)

        let isOld = file.version.count >= 2 && (file.version[0], file.version[1]) < (1, 5)
        var builder = XGBoostEnsembleBuilder(
            featureCount: sizes.featureCount, groupCount: sizes.groupCount, leafWidth: sizes.leafWidth,
            allowsCategories: !isOld)
        for (index, tree) in trees.enumerated() {
            let group = treeGroups[index]
            guard group >= 0, Int(group) < sizes.groupCount else {
                throw ImportError(
                    .malformed, at: "\(model.place).tree_info[\(index)]", found: "\(group)",
                    expected: "0..<\(sizes.groupCount), the classes or targets")
            }
            try builder.append(
                tree, group: group, weight: learner.treeWeights?[index], isKept: index < kept,
                at: "\(model.place).trees[\(index)]")
        }
        var ensemble = builder.ensemble
        ensemble.baseScores = try Self.baseMargins(sizes.baseScores, objective, groupCount: sizes.groupCount)
        try ensemble.verify(place: model.place)
        self.ensemble = ensemble
        try Self.checkGroups(objective, wrapper, sizes)
    }

    // MARK: Parts

    private static func columns(_ names: [String], count: Int) throws(ImportError) -> [Column] {
        guard !names.isEmpty else {
            return [Column](repeating: Column(name: nil, kind: .float64), count: count)
        }
        guard names.count == count else {
            throw ImportError(
                .malformed, at: "learner.feature_names", found: "\(names.count) names",
                expected: "none or \(count), one a feature")
        }
        var columns: [Column] = []
        var seen: Set<String> = []
        for name in names {
            guard seen.insert(name).inserted else {
                throw ImportError(
                    .malformed, at: "learner.feature_names[\(columns.count)]",
                    found: "\(XGBoostParameters.shown(name)) again", expected: "each name once")
            }
            columns.append(Column(name: name, kind: .float64))
        }
        return columns
    }

    private static func checkCounts(
        _ model: XGBoostBoosterModel, _ trees: [XGBoostTree], _ groups: [Int32], _ weights: [Float]?, isDART: Bool
    ) throws(ImportError) {
        guard groups.count == trees.count else {
            throw ImportError(
                .malformed, at: "\(model.place).tree_info", found: "\(groups.count) elements",
                expected: "\(trees.count), one a tree")
        }
        if let text = model.parameters["num_trees"] {
            let place = "\(model.place).gbtree_model_param.num_trees"
            let count = try XGBoostParameters.natural(text, at: place, max: Int(Int32.max))
            guard count == trees.count else {
                throw ImportError(
                    .malformed, at: place, found: "\(count)", expected: "\(trees.count), as many as trees")
            }
        }
        guard isDART == (weights != nil), weights == nil || weights?.count == trees.count else {
            throw ImportError(
                .malformed, at: "learner.gradient_booster.weight_drop",
                found: weights.map { "\($0.count) weights" } ?? "none",
                expected: isDART ? "\(trees.count), one a tree" : "none for booster gbtree")
        }
    }

    /// How many trees predict: all of a native booster; of an estimator that stopped early those up to its best round.
    private static func keptTrees(
        _ model: XGBoostBoosterModel, _ treeCount: Int, _ sizes: XGBoostSizes, _ wrapper: XGBoostWrapper?
    ) throws(ImportError) -> Int {
        if let starts = model.roundStarts {
            let place = "\(model.place).iteration_indptr"
            guard starts.first == 0, starts.last.map(Int.init) == treeCount else {
                throw ImportError(
                    .malformed, at: place, found: "\(starts.first ?? -1) to \(starts.last ?? -1)",
                    expected: "0 to \(treeCount), the number of trees")
            }
            for index in 1..<max(starts.count, 1) where starts[index] < starts[index - 1] {
                throw ImportError(
                    .malformed, at: "\(place)[\(index)]", found: "\(starts[index])",
                    expected: "at least \(starts[index - 1]), as before it")
            }
        }
        guard let best = wrapper?.bestRound else { return treeCount }
        let place = "learner.attributes.best_iteration"
        if let starts = model.roundStarts {
            guard best + 1 < starts.count else {
                throw ImportError(.malformed, at: place, found: "\(best)", expected: "0..<\(starts.count - 1)")
            }
            return Int(starts[best + 1])
        }
        let text = model.parameters["num_parallel_tree"] ?? "1"
        let parallel = try XGBoostParameters.natural(
            text, at: "\(model.place).gbtree_model_param.num_parallel_tree", max: Int(Int32.max))
        let perRound = max(parallel, 1) * (sizes.leafWidth > 1 ? 1 : sizes.groupCount)
        guard best < Int(Int32.max), (best + 1) <= treeCount / perRound else {
            throw ImportError(.malformed, at: place, found: "\(best)", expected: "0..<\(treeCount / perRound)")
        }
        return (best + 1) * perRound
    }

    private static func baseMargins(
        _ scores: [Float], _ objective: XGBoostObjective, groupCount: Int
    ) throws(ImportError) -> [Double] {
        var margins: [Double] = []
        for score in scores {
            guard let margin = objective.margin(ofBaseScore: score) else {
                throw ImportError(
                    .malformed, at: "learner.learner_model_param.base_score", found: "\(score)",
                    expected: "\(objective.baseScoreRange) for \(objective.name)")
            }
            margins.append(Double(margin))
        }
        return margins.count == groupCount ? margins : [Double](repeating: margins[0], count: groupCount)
    }

    private static func checkGroups(
        _ objective: XGBoostObjective, _ wrapper: XGBoostWrapper?, _ sizes: XGBoostSizes
    ) throws(ImportError) {
        switch objective.transform {
        case .softmax, .argMax:
            guard sizes.groupCount > 1 else {
                throw ImportError(
                    .malformed, at: "learner.learner_model_param.num_class", found: "\(sizes.classCount)",
                    expected: "at least 2 for \(objective.name)")
            }
        case .identity, .logistic, .exp, .step:
            guard wrapper?.isClassifier != true || sizes.groupCount == 1 else {
                throw ImportError(
                    .unsupported, at: "learner.attributes.scikit_learn",
                    found: "a classifier with \(sizes.groupCount) targets", expected: "one target",
                    remedy: "save its booster, whose probabilities are served: model.get_booster().save_model(...)")
            }
        }
        guard let labels = wrapper?.labels else { return }
        let classCount = max(2, sizes.classCount)
        guard labels.count == classCount else {
            throw ImportError(
                .malformed, at: "learner.attributes.scikit_learn", found: "\(labels.count) classes",
                expected: "\(classCount), as in num_class")
        }
    }
}
