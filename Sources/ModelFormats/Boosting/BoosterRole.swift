internal import ModelIR
internal import TensorCore

/// Whose `predict` a boosted model answers with.
enum BoosterRole: Sendable {
    /// The library's own booster: the objective's value.
    case booster
    /// A scikit-learn regressor or ranker: the same value, as a number.
    case regressor
    /// A scikit-learn classifier: a label.
    case classifier(ClassLabels)
}

/// Names of a booster's outputs that are not answered unless asked for.
enum BoosterOutput {
    /// The sum of the leaves, before the objective's transform.
    static let marginName = "margin"
    /// The number of each tree's leaf.
    static let leafName = "leaf"
}
