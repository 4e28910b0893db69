internal import EventLoop
internal import Serving
internal import Synchronization
internal import Telemetry

/// A thread that looks for what others have published, fetches it and has the control thread load it; between two looks
/// it collects the store. Its first look and its first load are the start's, which waits for them, but not for ever;
/// then it rests until it is told to go on.
///
/// It alone waits for a store far away, so that one that hangs keeps no upload waiting. One load is under way at a time.
final class StoreFollower: StoreFollowing {
    private struct State: Sendable {
        var isAsked = false
        /// Whether an operation has seen in the store what is not here.
        var isLacking = false
        var isStopping = false
        /// What the control thread has been asked for.
        var job: Job?
        /// How the first look ended.
        var firstLook: Result<Void, StoreError>?
        var firstLoad: Result<Void, StoreError>?
        var loads = false
        var goesOn = false
        var lookedAt: Int64 = 0
        var failure: StoreReport.Lag?
        var looks: UInt64 = 0
        var failedLooks: UInt64 = 0
    }

    private enum Job: Sendable {
        case running
        case done(Result<Void, StoreError>)
    }

    /// Shared with the thread, which outlives no one: it is joined by `stop`.
    private final class Shared: Sendable {
        let state = Monitor(State())
        /// The monotonic time of the last look's end.
        let lookedAt: Atomic<UInt64>
        let isAsked = Atomic<Bool>(false)

        init(now: UInt64) { lookedAt = Atomic(now) }
    }

    private let registry: ModelRegistry
    private let shared: Shared
    private let staleNanoseconds: UInt64
    private let thread: EventLoopThread

    /// - Parameters:
    ///   - interval: between two looks, while all is well; nil: there are none once the store has been seen, but for
    ///     what could not be loaded and is tried again.
    ///   - control: where models are loaded.
    ///   - onLook: called on the thread after each look: whether the start is over, and whether what serves is not what
    ///     the store has, or the store cannot be seen.
    /// - Throws: `SystemError` where the system has no thread left.
    init(
        _ registry: ModelRegistry, _ store: any ModelStore, control: ControlThread, interval: Duration?, log: Log,
        onLook: @escaping @Sendable (_ hasStarted: Bool, _ isLagging: Bool) -> Void
    ) throws(SystemError) {
        let shared = Shared(now: SystemClock().now().elapsedNanoseconds)
        self.registry = registry
        self.shared = shared
        let pace = FollowPace(interval: interval ?? .seconds(1))
        registry.onLacking { shared.state.withLock { $0.isLacking = true } }
        let stale = pace.staleAfter.components
        staleNanoseconds = UInt64(stale.seconds) * 1_000_000_000 + UInt64(stale.attoseconds / 1_000_000_000)
        thread = try EventLoopThread(name: "store", .background) {
            let looking = Looking(
                shared: shared, registry: registry, store: store, control: control, isOnce: interval == nil, log: log,
                onLook: onLook)
            Self.runFirst(looking)
            guard shared.state.wait(for: nil, until: { $0.isStopping ? false : $0.goesOn ? true : nil }) == true else {
                return
            }
            Self.run(looking, pace)
        }
    }

    /// What the thread works with.
    private struct Looking {
        let shared: Shared
        let registry: ModelRegistry
        let store: any ModelStore
        let control: ControlThread
        let isOnce: Bool
        let log: Log
        let onLook: @Sendable (_ hasStarted: Bool, _ isLagging: Bool) -> Void
    }

    private static func runFirst(_ looking: Looking) {
        let shared = looking.shared
        do throws(StoreError) {
            let lookup = try looking.store.newestManifest()
            shared.state.withLock { state in
                state.looks &+= 1
                state.lookedAt = SystemClock().unixSeconds()
                state.firstLook = .success(())
            }
            let loads = shared.state.wait(for: nil) { $0.isStopping || $0.goesOn ? false : $0.loads ? true : nil }
            guard loads == true else { return }
            let outcome = load(lookup, looking)
            shared.state.withLock { $0.firstLoad = outcome }
        } catch {
            shared.state.withLock { state in
                state.looks &+= 1
                state.failedLooks &+= 1
                state.failure = StoreReport.Lag(since: SystemClock().unixSeconds(), reason: "\(error)")
                state.firstLook = .failure(error)
            }
        }
    }

    /// Waits for the first look.
    /// - Returns: how it ended; nil where it has not.
    func waitForFirstLook(_ patience: Duration) -> Result<Void, StoreError>? {
        shared.state.wait(for: patience) { $0.firstLook }
    }

    /// Loads what the first look has found, and waits for it.
    /// - Returns: how it ended; nil where it goes on.
    func loadFirst(_ patience: Duration) -> Result<Void, StoreError>? {
        shared.state.withLock { $0.loads = true }
        return shared.state.wait(for: patience) { $0.firstLoad }
    }

    /// The start is over: it looks from now on.
    func goOn() { shared.state.withLock { $0.goesOn = true } }

    /// The least time between two looks, however often it is asked.
    private static let askedApart = Duration.milliseconds(50)

    private static func run(_ looking: Looking, _ firstPace: FollowPace) {
        let shared = looking.shared
        var pace = firstPace
        var isWell = shared.state.withLock { $0.failure == nil }
        while true {
            let status = looking.registry.followStatus
            looking.onLook(status.hasStarted, status.lag != nil || shared.state.withLock { $0.failure != nil })
            let wait = pace.next(isWell: isWell, random: .random(in: 0...1))
            // Whoever asks makes it look sooner, but not again and again, and not what has just failed.
            let isPaced = shared.state.wait(for: min(wait, askedApart)) { $0.isStopping ? true : nil } == nil
            let rest = isPaced ? wait - min(wait, askedApart) : .zero
            let isStopping = shared.state.wait(for: rest) { state -> Bool? in
                if state.isStopping { return true }
                guard state.isLacking || state.isAsked && isWell else { return nil }
                state.isAsked = false
                state.isLacking = false
                return false
            }
            guard isStopping != true else { return }
            shared.isAsked.store(false, ordering: .relaxed)
            isWell = look(looking)
            shared.lookedAt.store(SystemClock().now().elapsedNanoseconds, ordering: .relaxed)
            // Here nobody waits for it: not an upload, and not its client.
            guard shared.state.withLock({ $0.failure == nil && !$0.isStopping }) else { continue }
            loadKept(looking)
            if !looking.isOnce { looking.registry.collectStore() }
        }
    }

    /// - Returns: whether the store could be seen. What cannot be loaded has a pace of its own.
    private static func look(_ looking: Looking) -> Bool {
        let shared = looking.shared
        if looking.isOnce, looking.registry.followStatus.isFollowing, !looking.registry.isRetryDue { return true }
        do throws(StoreError) {
            let lookup = try looking.store.newestManifest()
            let hadFailed = shared.state.withLock { state in
                let hadFailed = state.failure != nil
                state.looks &+= 1
                state.failure = nil
                state.lookedAt = SystemClock().unixSeconds()
                return hadFailed
            }
            if hadFailed { looking.log.info("the store can be seen again") }
            let status = looking.registry.followStatus
            let isNews = lookup.manifest?.generation ?? 0 > status.seenGeneration || !lookup.skipped.isEmpty
            guard isNews || !status.isFollowing || looking.registry.isRetryDue else { return true }
            _ = load(lookup, looking)
            return looking.registry.followStatus.isFollowing
        } catch {
            let isFirst = shared.state.withLock { state in
                guard !state.isStopping else { return false }
                state.looks &+= 1
                state.failedLooks &+= 1
                let since = state.failure?.since ?? SystemClock().unixSeconds()
                defer { state.failure = StoreReport.Lag(since: since, reason: "\(error)") }
                return state.failure == nil
            }
            // Once, and not at each look while it lasts.
            if isFirst {
                looking.log.warning(
                    "the store cannot be seen; what serves goes on", LogField("reason", .text("\(error)")),
                    LogField("path", .text(error.path ?? "")))
            }
            return false
        }
    }

    /// Fetches what is new and has it loaded, some of it at a time.
    /// - Returns: how it ended; why it failed is also kept in the registry's status.
    private static func load(_ lookup: ManifestLookup, _ looking: Looking) -> Result<Void, StoreError> {
        let registry = looking.registry
        while true {
            let batch = registry.fetchBatch(for: lookup.manifest) { isStopping(looking) }
            let outcome = onControl(looking) { () throws(StoreError) in try registry.follow(batch.files) }
            guard batch.hasMore, case .success = outcome, !isStopping(looking) else { return outcome }
        }
    }

    /// The same for some of the versions that are only kept for a rollback.
    private static func loadKept(_ looking: Looking) {
        let registry = looking.registry
        guard let batch = registry.fetchKeptBatch(unless: { isStopping(looking) }) else { return }
        _ = onControl(looking) { registry.housekeep(batch.files) }
    }

    private static func isStopping(_ looking: Looking) -> Bool { looking.shared.state.withLock { $0.isStopping } }

    /// Has the control thread do something, and waits until it has, or the server stops.
    private static func onControl(
        _ looking: Looking, _ body: @escaping @Sendable () throws(StoreError) -> Void
    ) -> Result<Void, StoreError> {
        let shared = looking.shared
        guard !isStopping(looking) else { return .failure(busy) }
        shared.state.withLock { $0.job = .running }
        let isTaken = looking.control.submit {
            let outcome: Result<Void, StoreError>
            do throws(StoreError) {
                try body()
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            shared.state.withLock { $0.job = .done(outcome) }
        }
        guard isTaken else { return .failure(busy) }
        let outcome = shared.state.wait(for: nil) { state -> Result<Void, StoreError>? in
            if case .done(let outcome) = state.job { return outcome }
            return state.isStopping ? .failure(busy) : nil
        }
        return outcome ?? .failure(busy)
    }

    private static let busy = StoreError(
        .unreachable, while: "following the store", detail: "the server has too much to do, or stops", wasAsked: false)

    func ask() { shared.state.withLock { $0.isAsked = true } }

    func askIfStale(at now: UInt64) {
        let age = Int64(bitPattern: now &- shared.lookedAt.load(ordering: .relaxed))
        guard age > Int64(staleNanoseconds), !shared.isAsked.exchange(true, ordering: .relaxed) else { return }
        ask()
    }

    var report: StoreReport {
        let status = registry.followStatus
        let state = shared.state.withLock { $0 }
        let lag = status.lag.map { StoreReport.Lag(since: $0.since, reason: $0.reason) }
        return StoreReport(
            seenGeneration: status.seenGeneration, servedGeneration: status.servedGeneration,
            lookedAt: max(state.lookedAt, status.lookedAt), lag: state.failure ?? lag, looks: state.looks,
            failedLooks: state.failedLooks, laggingModels: status.laggingCount, cachedSince: status.cachedSince)
    }

    /// The store is about to be closed: no look at it, and no failure of one that is under way, is worth a word.
    func retire() { shared.state.withLock { $0.isStopping = true } }

    /// Ends the thread, after a request to the store that is under way. Called once, from another thread, before the
    /// control thread is stopped.
    func stop() {
        retire()
        thread.join()
    }
}
