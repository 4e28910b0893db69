/// How a server stands to its store, and to the models that were named at its start.
package struct FollowStatus: Sendable, Hashable {
    /// Why it serves an older generation than the store has, and since when.
    package struct Lag: Sendable, Hashable {
        /// Seconds since 1970.
        package let since: Int64
        package let reason: String
    }

    /// A model that does not serve as the store or the command line says.
    package struct LaggingModel: Sendable, Hashable {
        package let name: String
        /// The version that could not be loaded.
        package let version: Int
        /// What serves in its place; nil: nothing.
        package let servingVersion: Int?
        /// Seconds since 1970.
        package let since: Int64
        package let reason: String
    }

    /// Lagging models that are told one by one.
    package static let laggingMax = 64

    /// The newest generation that it has seen.
    package private(set) var seenGeneration = 0
    /// The generation up to which everything serves.
    package private(set) var servedGeneration = 0
    /// When it looked last and could see; seconds since 1970, 0 before the first time.
    package private(set) var lookedAt: Int64 = 0
    package private(set) var lag: Lag?
    /// Of the store's models, the first in ascending order of name.
    private var storeLagging: [LaggingModel] = []
    private var storeLaggingCount = 0
    /// Models of the command line that could not be loaded. They are not tried again.
    package private(set) var absent: [LaggingModel] = []
    /// Since when what serves comes from the cache of an earlier run, the store not having been seen since the start;
    /// seconds since 1970.
    package private(set) var cachedSince: Int64?
    /// Whether the last look at the store failed, or found what it cannot go by.
    package private(set) var hasStoreFailure = false
    /// Whether the store or its cache has told what is to serve.
    package private(set) var hasBegun = false
    /// Whether a start is over: it is known what is to serve, and nothing is missing that comes by itself.
    package private(set) var hasStarted = false
    /// Whether something that serves is not what the store has, and has not just been sent for.
    package private(set) var isBehind = false
    /// When something that could not be loaded is tried again, by the monotonic clock; nil: nothing waits.
    private(set) var nextTry: UInt64?

    /// Whether the last look at the store has seen what it may go by.
    package var isFollowing: Bool { hasBegun && !hasStoreFailure }

    /// The first of them, in ascending order of name.
    package var lagging: [LaggingModel] {
        if absent.isEmpty { return storeLagging }
        return Array((absent + storeLagging).sorted { $0.name < $1.name }.prefix(Self.laggingMax))
    }
    package var laggingCount: Int { absent.count + storeLaggingCount }

    package init() {}

    /// A model of the command line could not be loaded.
    mutating func lacks(_ name: String, because reason: String, at now: Int64) {
        absent.append(LaggingModel(name: name, version: 1, servingVersion: nil, since: now, reason: reason))
    }

    /// Of these nothing of the command line is missed any more: they came in another way, or are not wanted.
    mutating func settle(_ names: [String]) {
        if !absent.isEmpty { absent.removeAll { names.contains($0.name) } }
    }

    /// What a look, or a change of our own, has found.
    /// - Parameters:
    ///   - lagging: in ascending order of name.
    ///   - isAwaiting: whether something is missing that comes by itself.
    ///   - hasFailed: whether something of it could not be loaded, or the store's word is none to go by.
    ///   - failure: what is wrong besides that.
    mutating func looked(
        seen: Int, served: Int, lagging: [LaggingModel], isAwaiting: Bool, hasFailed: Bool, failure: String?,
        nextTry: UInt64?, cachedSince: Int64?, at now: Int64
    ) {
        hasBegun = true
        if !isAwaiting { hasStarted = true }
        isBehind = hasFailed
        seenGeneration = seen
        servedGeneration = served
        storeLagging = Array(lagging.prefix(Self.laggingMax))
        storeLaggingCount = lagging.count
        // What the store has of a name is told, and not the file that would have served before.
        settle(lagging.map(\.name))
        self.nextTry = nextTry
        self.cachedSince = cachedSince
        hasStoreFailure = failure != nil
        if cachedSince == nil { lookedAt = now }
        let reason =
            failure
            ?? lagging.first.map { first in
                "\(first.name) version \(first.version): \(first.reason)"
                    + (lagging.count > 1 ? "; and \(lagging.count - 1) more" : "")
            }
        // What a cache says is no look at the store: why that could not be seen still holds.
        if reason == nil, cachedSince != nil { return }
        lag = reason.map { Lag(since: lag?.since ?? now, reason: $0) }
    }

    /// A look has failed.
    mutating func fail(_ reason: String, at now: Int64) {
        hasStoreFailure = true
        isBehind = true
        lag = Lag(since: min(now, lag?.since ?? now), reason: reason)
    }
}
