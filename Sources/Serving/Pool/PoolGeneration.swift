/// How new a snapshot is: the store's generation that it shows, and which of its models are older.
package struct PoolGeneration: Sendable, Hashable {
    /// Up to this one everything serves.
    package let complete: Int
    /// What is not in `lagging` serves as of this one.
    let applied: Int
    /// Models that could not be brought that far, and how far they are. Few.
    let lagging: [String: Int]

    init(complete: Int, applied: Int, lagging: [String: Int]) {
        self.complete = complete
        self.applied = max(applied, complete)
        self.lagging = lagging
    }

    /// Of a snapshot in which nothing lags.
    init(_ generation: Int) {
        self.init(complete: generation, applied: generation, lagging: [:])
    }
}
