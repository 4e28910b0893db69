internal import ModelIR
internal import TensorCore

/// A checked model document: the ensemble, and all that decides how its margins become predictions.
struct XGBoostModel {
    /// What adds up to the margin.
    enum Scores: Sendable {
        /// With the node of each tree that has number 0, its root.
        case trees(TreeEnsemble)
        case linear(SparseLinear)

        var groupCount: Int {
            switch self {
            case .trees(let ensemble): ensemble.groupCount
            case .linear(let linear): linear.groupCount
            }
        }
    }

    /// Whose `predict` the model answers with.
    enum Role {
        /// The estimator's that saved the file, if one did; else the booster's.
        case attributed
        case booster
        case estimator(XGBoostWrapper)
    }

    let columns: [BoosterColumn]
    let scores: Scores
    let objective: XGBoostObjective
    let booster: String
    /// What kind of scikit-learn estimator saved it; nil for a native booster.
    let wrapper: XGBoostWrapper?
    let classCount: Int
    let version: String

    /// Rounds that predict, where whoever sent the model chose them.
    let rounds: Range<Int>?

    init(
        _ file: XGBoostFile, as role: Role = .attributed, rounds: Range<Int>? = nil
    ) throws(ImportError) {
        self.rounds = rounds
        let learner = file.learner
        version = file.version.map(String.init).joined(separator: ".")
        switch role {
        case .attributed: wrapper = try XGBoostWrapper(learner.attributes)
        case .booster: wrapper = nil
        case .estimator(var estimator):
            try estimator.readBestRound(learner.attributes)
            wrapper = estimator
        }

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
        self.booster = booster
        guard let model = learner.boosterModel else {
            throw XGBoostFileReader.missing("model", in: "learner.gradient_booster")
        }
        let sizes = try XGBoostSizes(learner, model.trees ?? [], at: model.place)
        columns = try Self.columns(learner.featureNames, model.categories, count: sizes.featureCount)
        classCount = max(2, sizes.classCount)
        let margins = try Self.baseMargins(
            sizes.baseScores, objective, isMargin: learner.baseScoreIsMargin, groupCount: sizes.groupCount)
        switch booster {
        case "gbtree", "dart":
            scores = .trees(try Self.ensemble(file, model, sizes, wrapper, margins, rounds: rounds))
        case "gblinear":
            if let rounds {
                throw ImportOptions.refusal(
                    of: rounds, found: "a linear booster, which is not a sum of rounds", expected: "gbtree or dart")
            }
            scores = .linear(try Self.linear(model, sizes, margins))
        default:
            throw ImportError(
                .unsupported, at: "learner.gradient_booster.name", found: XGBoostParameters.shown(booster),
                expected: "\"gbtree\", \"dart\" or \"gblinear\"", remedy: "train with booster=gbtree")
        }
        try Self.checkGroups(objective, wrapper, sizes)
    }

    private static func ensemble(
        _ file: XGBoostFile, _ model: XGBoostBoosterModel, _ sizes: XGBoostSizes, _ wrapper: XGBoostWrapper?,
        _ margins: [Double], rounds: Range<Int>?
    ) throws(ImportError) -> TreeEnsemble {
        let learner = file.learner
        guard let trees = model.trees, let treeGroups = model.treeGroups else {
            throw XGBoostFileReader.missing("trees\" and \"tree_info", in: "learner.gradient_booster")
        }
        try checkCounts(model, trees, treeGroups, learner.treeWeights, isDART: learner.booster == "dart")
        let kept = try keptTrees(
            model, trees.count, sizes, wrapper, configured: file.configuredParallelTrees, rounds: rounds)
        let isOld = file.version.count >= 2 && (file.version[0], file.version[1]) < (1, 5)
        var builder = XGBoostEnsembleBuilder(
            featureCount: sizes.featureCount, groupCount: sizes.groupCount, leafWidth: sizes.leafWidth,
            allowsCategories: !isOld)
        builder.reserveNodes(trees[kept].reduce(0) { $0 + ($1.leftChildren?.count ?? 0) })
        for (index, tree) in trees.enumerated() {
            let group = treeGroups[index]
            guard group >= 0, Int(group) < sizes.groupCount else {
                throw ImportError(
                    .malformed, at: "\(model.place).tree_info[\(index)]", found: "\(group)",
                    expected: "0..<\(sizes.groupCount), the classes or targets")
            }
            try builder.append(
                tree, group: group, weight: learner.treeWeights?[index], isKept: kept.contains(index),
                at: "\(model.place).trees[\(index)]")
        }
        var ensemble = builder.ensemble
        ensemble.baseScores = margins
        try ensemble.verify(place: model.place)
        return ensemble
    }

    private static func linear(
        _ model: XGBoostBoosterModel, _ sizes: XGBoostSizes, _ margins: [Double]
    ) throws(ImportError) -> SparseLinear {
        guard let weights = model.linearWeights else {
            throw XGBoostFileReader.missing("weights", in: model.place)
        }
        let groups = sizes.groupCount
        guard weights.count == (sizes.featureCount + 1) * groups else {
            throw ImportError(
                .malformed, at: "\(model.place).weights", found: "\(weights.count) weights",
                expected: "\((sizes.featureCount + 1) * groups), for \(sizes.featureCount) features and a bias, "
                    + "\(groups) scores")
        }
        // Every class starts with the first base score, also where there is one a class (seen in 3.2).
        let base = Float(margins[0])
        let start = sizes.featureCount * groups
        return SparseLinear(
            weights: Array(weights[..<start]), starts: weights[start...].map { $0 + base },
            featureCount: sizes.featureCount)
    }

    // MARK: Parts

    private static func columns(
        _ names: [String], _ categories: [XGBoostCategories], count: Int
    ) throws(ImportError) -> [BoosterColumn] {
        guard categories.isEmpty || categories.count == count else {
            throw ImportError(
                .malformed, at: "learner.gradient_booster.model.cats.enc", found: "\(categories.count) elements",
                expected: "none or \(count), one a feature")
        }
        let tables = categories.map(\.table)
        func column(_ index: Int, named name: String?) -> BoosterColumn {
            BoosterColumn(name: name, categories: tables.isEmpty ? nil : tables[index], refusesUnknown: true)
        }
        guard !names.isEmpty else { return (0..<count).map { column($0, named: nil) } }
        guard names.count == count else {
            throw ImportError(
                .malformed, at: "learner.feature_names", found: "\(names.count) names",
                expected: "none or \(count), one a feature")
        }
        var columns: [BoosterColumn] = []
        var seen: Set<String> = []
        for name in names {
            guard seen.insert(name).inserted else {
                throw ImportError(
                    .malformed, at: "learner.feature_names[\(columns.count)]",
                    found: "\(XGBoostParameters.shown(name)) again", expected: "each name once")
            }
            columns.append(column(columns.count, named: name))
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

    /// Which trees predict: those of the chosen rounds, or else all of a native booster; of an estimator that stopped
    /// early those up to its best round.
    private static func keptTrees(
        _ model: XGBoostBoosterModel, _ treeCount: Int, _ sizes: XGBoostSizes, _ wrapper: XGBoostWrapper?,
        configured: String?, rounds: Range<Int>?
    ) throws(ImportError) -> Range<Int> {
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
        if rounds == nil, wrapper?.bestRound == nil {
            guard let limit = wrapper?.treeLimit, limit > 0 else { return 0..<treeCount }
            let (trees, overflow) = limit.multipliedReportingOverflow(by: sizes.groupCount)
            return 0..<(overflow ? treeCount : min(treeCount, trees))
        }
        // Before version 2 a round's trees are as many as its classes and parallel trees.
        let text = model.parameters["num_parallel_tree"] ?? configured ?? "1"
        let parallel = try XGBoostParameters.natural(
            text, at: "\(model.place).gbtree_model_param.num_parallel_tree", max: Int(Int32.max))
        let perRound = max(parallel, 1) * (sizes.leafWidth > 1 ? 1 : sizes.groupCount)
        let roundCount = model.roundStarts.map { $0.count - 1 } ?? treeCount / perRound
        func start(ofRound round: Int) -> Int { model.roundStarts.map { Int($0[round]) } ?? round * perRound }
        if let rounds = try ImportOptions.checked(rounds, roundCount: roundCount) {
            return start(ofRound: rounds.lowerBound)..<start(ofRound: rounds.upperBound)
        }
        guard let best = wrapper?.bestRound, best < roundCount else {
            throw ImportError(
                .malformed, at: "learner.attributes.best_iteration", found: "\(wrapper?.bestRound ?? 0)",
                expected: "0..<\(roundCount)")
        }
        return 0..<start(ofRound: best + 1)
    }

    private static func baseMargins(
        _ scores: [Float], _ objective: XGBoostObjective, isMargin: Bool, groupCount: Int
    ) throws(ImportError) -> [Double] {
        var margins: [Double] = []
        for score in scores {
            guard let margin = objective.margin(ofBaseScore: score, isMargin: isMargin) else {
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
