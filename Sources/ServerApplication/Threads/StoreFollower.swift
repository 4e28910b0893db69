internal import EventLoop
internal import Serving
internal import Synchronization
internal import Telemetry

/// A thread that looks for what others have published, sends for its files and has the control thread load what has
/// come; between two looks it collects the store. Its first look and its first load are the start's, which waits for
/// them, but not for ever; then it rests until it is told to go on.
///
/// It waits for no file: one that hangs keeps a thread of those that fetch, and nothing else waits for it. One load is
/// under way at a time.
final class StoreFollower: StoreFollowing {
    private struct State: Sendable {
        var isAsked = false
        /// Whether files have come, or an operation has left some to be fetched.
        var hasWork = false
        var isStopping = false
        /// What the control thread has been asked for.
        var job: Job?
        /// How the first look ended.
        var firstLook: Result<Void, StoreError>?
        /// Whether what it has found is to be loaded, and how that ended.
        var loads = false
        var firstLoad: Result<Void, StoreError>?
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

    private enum Step {
        case look
        case work
        case stop
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
    ///   - control: where models are loaded.
    ///   - fetches: threads that wait for files of a store far away; nil where it is near.
    ///   - interval: between two looks, while all is well; nil: there are none once the store has been seen, but for
    ///     what could not be loaded and is tried again.
    ///   - onLook: called on the thread after each look and each load: whether the start is over, and whether what
    ///     serves is behind what the store has, or the store cannot be seen.
    /// - Throws: `SystemError` where the system has no thread left.
    init(
        _ registry: ModelRegistry, _ store: any ModelStore, control: ControlThread, fetches: StoreThreads?,
        interval: Duration?, log: Log, onLook: @escaping @Sendable (_ hasStarted: Bool, _ isBehind: Bool) -> Void
    ) throws(SystemError) {
        let shared = Shared(now: SystemClock().now().elapsedNanoseconds)
        self.registry = registry
        self.shared = shared
        let pace = FollowPace(interval: interval ?? .seconds(1))
        let stale = pace.staleAfter.components
        staleNanoseconds = UInt64(stale.seconds) * 1_000_000_000 + UInt64(stale.attoseconds / 1_000_000_000)
        let hasWork: @Sendable () -> Void = { shared.state.withLock { $0.hasWork = true } }
        registry.onLacking(hasWork)
        let looking = Looking(
            shared: shared, registry: registry, store: store, control: control,
            fetches: fetches.map { FileFetches(registry, threads: $0, onArrival: hasWork) }, isOnce: interval == nil,
            log: log, onLook: onLook)
        thread = try EventLoopThread(name: "store", .background) {
            Self.lookFirst(looking)
            if Self.start(looking) { Self.run(looking, pace) }
        }
    }

    /// What the thread works with.
    private struct Looking: Sendable {
        let shared: Shared
        let registry: ModelRegistry
        let store: any ModelStore
        let control: ControlThread
        let fetches: FileFetches?
        let isOnce: Bool
        let log: Log
        let onLook: @Sendable (_ hasStarted: Bool, _ isBehind: Bool) -> Void
    }

    private static func lookFirst(_ looking: Looking) {
        let shared = looking.shared
        do throws(StoreError) {
            _ = try looking.store.newestManifest()
            shared.state.withLock { state in
                state.looks &+= 1
                state.lookedAt = SystemClock().unixSeconds()
                state.firstLook = .success(())
            }
        } catch {
            shared.state.withLock { state in
                state.looks &+= 1
                state.failedLooks &+= 1
                state.failure = StoreReport.Lag(since: SystemClock().unixSeconds(), reason: "\(error)")
                state.firstLook = .failure(error)
            }
        }
    }

    /// Loads what the first look has found, if it is wanted, until the start is over.
    /// - Returns: false where the server stops before that.
    private static func start(_ looking: Looking) -> Bool {
        let shared = looking.shared
        var hasFollowed = false
        while true {
            let step = shared.state.wait(for: nil) { state -> Step? in
                if state.isStopping { return .stop }
                if state.goesOn { return .look }
                guard state.loads, state.hasWork || !hasFollowed else { return nil }
                state.hasWork = false
                return .work
            }
            guard step == .work else { return step == .look }
            let outcome = hasFollowed ? load(looking) : follow(looking)
            hasFollowed = true
            let isUnderWay = looking.fetches?.goOn() ?? false
            // What is only kept for a rollback is not waited for.
            guard !isUnderWay || looking.registry.followStatus.hasStarted else { continue }
            shared.state.withLock { $0.firstLoad = $0.firstLoad ?? outcome }
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
        let clock = SystemClock()
        var pace = firstPace
        var isWell = shared.state.withLock { $0.failure == nil }
        // What was sent for before the start was over may have come.
        looking.fetches?.goOn()
        var lookedAt = clock.now()
        var wait = pace.next(isWell: isWell, random: .random(in: 0...1))
        while true {
            let status = looking.registry.followStatus
            looking.onLook(status.hasStarted, status.isBehind || shared.state.withLock { $0.failure != nil })
            let passed = Duration.nanoseconds(
                Int64(clamping: clock.now().elapsedNanoseconds &- lookedAt.elapsedNanoseconds))
            switch next(shared, after: passed, wait, mayBeAsked: isWell) {
            case .stop: return
            case .work: _ = load(looking)
            case .look:
                shared.isAsked.store(false, ordering: .relaxed)
                isWell = look(looking)
                lookedAt = clock.now()
                shared.lookedAt.store(lookedAt.elapsedNanoseconds, ordering: .relaxed)
                wait = pace.next(isWell: isWell, random: .random(in: 0...1))
                // Here nobody waits for it: not an upload, and not its client.
                if !looking.isOnce, shared.state.withLock({ $0.failure == nil && !$0.isStopping }) {
                    looking.registry.collectStore()
                }
            }
            looking.fetches?.goOn()
        }
    }

    /// Whoever asks makes it look sooner, but not again and again, and not what has just failed.
    /// - Parameters:
    ///   - passed: since the last look.
    ///   - wait: from the last look to the next.
    private static func next(_ shared: Shared, after passed: Duration, _ wait: Duration, mayBeAsked: Bool) -> Step {
        func step(_ state: inout State) -> Step? {
            if state.isStopping { return .stop }
            guard state.hasWork else { return nil }
            state.hasWork = false
            return .work
        }
        // However much there is to load, it looks in time.
        if passed >= wait { return shared.state.withLock { $0.isStopping } ? .stop : .look }
        let early = max(min(wait, askedApart) - passed, .zero)
        if let step = shared.state.wait(for: early, until: step) { return step }
        let asked = shared.state.wait(for: max(wait - passed - early, .zero)) { state -> Step? in
            if let step = step(&state) { return step }
            guard state.isAsked, mayBeAsked else { return nil }
            state.isAsked = false
            return .look
        }
        return asked ?? .look
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
            // Files that are far away are tried again one by one.
            let isRetryDue = looking.fetches == nil && looking.registry.isRetryDue
            guard isNews || !status.isFollowing || isRetryDue else { return true }
            _ = follow(looking)
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

    /// Has what is new loaded as far as it is here. Why it failed is also kept in the registry's status.
    private static func follow(_ looking: Looking) -> Result<Void, StoreError> {
        let registry = looking.registry
        return onControl(looking) { () throws(StoreError) in try registry.follow() }
    }

    /// The same for what has come since.
    private static func load(_ looking: Looking) -> Result<Void, StoreError> {
        guard let files = looking.fetches?.take() else { return .success(()) }
        let registry = looking.registry
        return onControl(looking) { registry.load(files) }
    }

    /// Has the control thread do something, and waits until it has, or the server stops.
    private static func onControl(
        _ looking: Looking, _ body: @escaping @Sendable () throws(StoreError) -> Void
    ) -> Result<Void, StoreError> {
        let shared = looking.shared
        guard !shared.state.withLock({ $0.isStopping }) else { return .failure(stopping) }
        shared.state.withLock { $0.job = .running }
        // One at a time, and before the control thread ends: what has been fetched is not lost to other jobs.
        looking.control.submitOwed {
            let outcome: Result<Void, StoreError>
            do throws(StoreError) {
                try body()
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            shared.state.withLock { $0.job = .done(outcome) }
        }
        let outcome = shared.state.wait(for: nil) { state -> Result<Void, StoreError>? in
            if case .done(let outcome) = state.job { return outcome }
            return state.isStopping ? .failure(stopping) : nil
        }
        return outcome ?? .failure(stopping)
    }

    private static let stopping = StoreError(
        .unreachable, while: "following the store", detail: "the server stops", wasAsked: false)

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
