/// How new a snapshot is: the store's generation that it shows, and which of its models are older.
package struct PoolGeneration: Sendable, Hashable {
    /// Up to this one everything serves.
    package let complete: Int
    /// What is not in `lagging` serves as of this one.
    let applied: Int
    /// Models that could not be brought that far, and how far they are. Few.
    let lagging: [String: Int]
    /// Where another model answers in place of the default one: up to which generation that is the truth.
    let defaultLagging: Int?

    init(complete: Int, applied: Int, lagging: [String: Int], defaultLagging: Int? = nil) {
        self.defaultLagging = defaultLagging
        self.complete = complete
        self.applied = max(applied, complete)
        self.lagging = lagging
    }

    /// Of a snapshot in which nothing lags.
    init(_ generation: Int) {
        self.init(complete: generation, applied: generation, lagging: [:])
    }
}
