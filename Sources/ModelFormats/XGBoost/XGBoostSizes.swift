internal import ModelIR

/// The sizes of a model, as its parameters, its trees and its base scores tell them together.
struct XGBoostSizes {
    let featureCount: Int
    /// 0 where there are no classes.
    let classCount: Int
    /// Scores a row.
    let groupCount: Int
    /// Numbers a leaf.
    let leafWidth: Int
    /// One, or one a group.
    let baseScores: [Float]

    init(_ learner: XGBoostLearner, _ trees: [XGBoostTree], at place: String) throws(ImportError) {
        let parameters = learner.parameters
        func natural(_ key: String, _ fallback: String?, _ max: Int) throws(ImportError) -> Int {
            let place = "learner.learner_model_param"
            guard let text = parameters[key] ?? fallback else { throw XGBoostFileReader.missing(key, in: place) }
            return try XGBoostParameters.natural(text, at: "\(place).\(key)", max: max)
        }
        featureCount = try natural("num_feature", nil, XGBoostParameters.featureCountMax)
        classCount = try natural("num_class", "0", XGBoostParameters.groupCountMax)
        let targetCount = try natural("num_target", "1", XGBoostParameters.groupCountMax)
        guard let text = parameters["base_score"] else {
            throw XGBoostFileReader.missing("base_score", in: "learner.learner_model_param")
        }
        baseScores = try XGBoostParameters.floats(text, at: "learner.learner_model_param.base_score")

        var width = 1
        for (index, tree) in trees.enumerated() {
            let place = "\(place).trees[\(index)]"
            let own = try XGBoostEnsembleBuilder.leafWidth(of: tree, at: place)
            guard index == 0 || own == width else {
                throw ImportError(
                    .malformed, at: "\(place).tree_param.size_leaf_vector", found: "\(own)",
                    expected: "\(width), as in the trees before it")
            }
            width = own
        }
        leafWidth = width
        groupCount = max(classCount, targetCount, baseScores.count, 1)
        guard leafWidth == 1 || leafWidth == groupCount else {
            throw ImportError(
                .malformed, at: "\(place).trees[0].tree_param.size_leaf_vector", found: "\(leafWidth)",
                expected: "1 or \(groupCount), the classes or targets")
        }
        guard baseScores.count == 1 || baseScores.count == groupCount else {
            throw ImportError(
                .malformed, at: "learner.learner_model_param.base_score", found: "\(baseScores.count) numbers",
                expected: "1 or \(groupCount)")
        }
    }
}
