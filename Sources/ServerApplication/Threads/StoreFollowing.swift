/// What a loop asks of whoever follows the store.
protocol StoreFollowing: Sendable {
    /// Looks at once: a request asks for what is newer than what serves.
    func ask()

    /// Looks at once if the last look is too old. Called once a tick; costs a load where it is not.
    /// - Parameter now: the loop's clock, in nanoseconds.
    func askIfStale(at now: UInt64)

    var report: StoreReport { get }
}

/// How this server stands to a store that others write.
struct StoreReport: Sendable, Hashable {
    struct Lag: Sendable, Hashable {
        /// Seconds since 1970.
        let since: Int64
        /// Fit for clients.
        let reason: String
    }

    let seenGeneration: Int
    let servedGeneration: Int
    /// When the store could be seen last; seconds since 1970.
    let lookedAt: Int64
    let lag: Lag?
    let looks: UInt64
    let failedLooks: UInt64
}
