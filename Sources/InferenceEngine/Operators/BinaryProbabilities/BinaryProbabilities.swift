/// A column of class-1 probabilities p as [1 - p, p].
struct BinaryProbabilities: Sendable {}
