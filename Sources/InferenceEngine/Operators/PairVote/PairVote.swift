/// Decisions of pairs of classes to the class with the most votes, the first one of several.
struct PairVote: Sendable {
    let classCount: Int
}
