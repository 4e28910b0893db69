/// How a server stands to its store.
package struct FollowStatus: Sendable, Hashable {
    /// Why it serves an older generation than the store has, and since when.
    package struct Lag: Sendable, Hashable {
        /// Seconds since 1970.
        package let since: Int64
        package let reason: String
    }

    /// The newest generation that it has seen.
    package private(set) var seenGeneration = 0
    /// The generation up to which everything serves.
    package private(set) var servedGeneration = 0
    /// When it looked last and could see; seconds since 1970, 0 before the first time.
    package private(set) var lookedAt: Int64 = 0
    package private(set) var lag: Lag?

    package init() {}

    mutating func looked(seen: Int, served: Int, failure: String?, at now: Int64) {
        seenGeneration = seen
        servedGeneration = served
        lookedAt = now
        if served >= seen, failure == nil {
            lag = nil
        } else {
            lag = Lag(since: lag?.since ?? now, reason: failure ?? "generation \(seen) is being loaded")
        }
    }

    mutating func fail(_ reason: String, at now: Int64) {
        lag = Lag(since: lag?.since ?? now, reason: reason)
    }
}
