/// Decisions of pairs of classes to one score a class: the votes, and within one vote the sum of the decisions, as
/// scikit-learn's `_ovr_decision_function`.
struct PairScores: Sendable {
    let classCount: Int
}
