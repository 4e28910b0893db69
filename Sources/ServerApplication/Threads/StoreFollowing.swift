internal import ByteCoding
internal import ServingProtocols

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
    /// Models that do not serve as the store says.
    var laggingModels = 0
    /// Since when what serves comes from the cache; seconds since 1970.
    var cachedSince: Int64?
}

extension StoreReport {
    /// The member `store` of an object that is being written.
    func write(into writer: inout JSONWriter) {
        writer.key("store")
        writer.beginObject()
        writer.key("generation_seen")
        writer.number(Int64(seenGeneration))
        writer.key("generation_served")
        writer.number(Int64(servedGeneration))
        writer.key("seen_at")
        writer.number(lookedAt)
        if let cachedSince {
            writer.key("from_cache_since")
            writer.number(cachedSince)
        }
        if laggingModels > 0 { writer.member("lagging_models", laggingModels) }
        if let lag {
            writer.key("lagging_since")
            writer.number(lag.since)
            writer.key("reason")
            writer.string(lag.reason)
        }
        writer.endObject()
    }
}
