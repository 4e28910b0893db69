/// A version that could not be loaded, and when it is tried again.
struct LoadFailure: Sendable {
    let what: RestoreReport.Failure
    /// Whether its model cannot serve as its manifest says without it.
    let isNeeded: Bool
    /// Seconds since 1970 at which it failed first.
    let since: Int64
    /// Times in a row that it was tried; those do not count in which the store was not asked.
    let attempts: Int
    /// By the monotonic clock, in nanoseconds; nil: never, since the same bytes would be refused again.
    let nextTry: UInt64?

    /// - Parameters:
    ///   - before: the failure of the try before, if it was one.
    ///   - clock: the monotonic time.
    init(
        _ what: RestoreReport.Failure, isNeeded: Bool, after before: LoadFailure?, limits: ModelRegistry.Limits,
        clock: UInt64, now: Int64
    ) {
        self.what = what
        self.isNeeded = isNeeded
        since = before?.since ?? now
        // What waited for another's failure alone is tried again before that one is.
        attempts = (before?.attempts ?? 0) + (what.error.hasAsked ? 1 : 0)
        let wait = min(limits.retryFirst * (1 << min(max(attempts, 1) - 1, 16)), limits.retryMax)
        nextTry =
            what.error.isNotFetched
            ? clock : what.error.mayPass ? clock &+ UInt64(clamping: wait.wholeNanoseconds) : nil
    }

    private init(_ other: LoadFailure, isNeeded: Bool, nextTry: UInt64?) {
        what = other.what
        self.isNeeded = isNeeded
        since = other.since
        attempts = other.attempts
        self.nextTry = nextTry
    }

    /// The same, to be tried again at once.
    func due(at clock: UInt64) -> LoadFailure { LoadFailure(self, isNeeded: isNeeded, nextTry: clock) }

    /// The same, of a version that its model needs by now, or no more. It is due where it was not needed before.
    func of(needed isNeeded: Bool, at clock: UInt64) -> LoadFailure {
        LoadFailure(self, isNeeded: isNeeded, nextTry: isNeeded && !self.isNeeded && !isForGood ? clock : nextTry)
    }

    /// Whether this server refuses the file, whenever it is tried.
    var isForGood: Bool { nextTry == nil }

    var isShortage: Bool {
        if case .outOfMemory = what.error { true } else { false }
    }

    /// Whether the store did not answer, or has not been asked yet.
    var isAwaited: Bool {
        if case .store(let error) = what.error { error.kind == .unreachable } else { what.error.isNotFetched }
    }

    func isDue(at clock: UInt64) -> Bool { nextTry.map { Int64(bitPattern: clock &- $0) >= 0 } ?? false }
}

/// What could not be loaded, by version.
struct FailureIndex {
    private struct Key: Hashable {
        let name: String
        let number: Int
        let digest: ContentDigest
    }

    private let failures: [Key: LoadFailure]

    init(_ failures: [LoadFailure]) {
        self.failures = Dictionary(
            failures.map { (Key(name: $0.what.name, number: $0.what.version, digest: $0.what.digest), $0) },
            uniquingKeysWith: { first, _ in first })
    }

    subscript(failure: LoadFailure) -> LoadFailure? {
        failures[
            Key(name: failure.what.name, number: failure.what.version, digest: failure.what.digest)]
    }

    subscript(version: StoredModel.Version, name: String) -> LoadFailure? {
        failures[Key(name: name, number: version.number, digest: version.digest)]
    }
}

extension PublishError {
    /// Whether the store was asked, or was not needed.
    fileprivate var hasAsked: Bool {
        if case .store(let error) = self { error.wasAsked } else { !isNotFetched }
    }

    var isNotFetched: Bool {
        if case .notFetched = self { true } else { false }
    }

    /// Whether the same file may be taken later: it is what was around it that failed.
    fileprivate var mayPass: Bool {
        switch self {
        case .rejected, .tooLarge: false
        default: true
        }
    }
}
