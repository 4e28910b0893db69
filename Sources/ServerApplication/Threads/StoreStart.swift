internal import EventLoop
internal import ModelStore
internal import Serving
internal import Telemetry

/// What a start does about the store: what is there serves; what is away for now is waited for, with what the cache has
/// meanwhile; what is wrong ends the start. A store that answers and does not give its files is waited for no longer
/// than one that does not answer.
///
/// | the store | with a cache of an earlier run | without |
/// |---|---|---|
/// | answers | it serves | it serves |
/// | does not answer, or says that it cannot now | the cache serves | alive and not ready, until it answers |
/// | refuses, or is not there (no such bucket, no access) | the cache serves, the log says error | the start fails |
struct StoreStart {
    private let registry: ModelRegistry
    private let store: any ModelStore
    private let log: Log
    private let patience: Duration

    /// - Parameters:
    ///   - patience: how long a store that does not answer is waited for.
    init(
        _ registry: ModelRegistry, _ store: any ModelStore, _ log: Log, patience: Duration
    ) {
        self.registry = registry
        self.store = store
        self.log = log
        self.patience = patience
    }

    /// - Parameter follower: has looked at the store, or is about to; nil for a store that is near.
    func run(_ follower: StoreFollower?) throws(CommandError) {
        guard store.isFarAway, let follower else {
            do {
                return try restore()
            } catch {
                throw CommandError("the store cannot be read: \(error.told(of: ""))")
            }
        }
        let start = SystemClock().now().elapsedNanoseconds
        switch follower.waitForFirstLook(patience) {
        case .success?:
            do {
                let waited = Duration.nanoseconds(Int64(clamping: SystemClock().now().elapsedNanoseconds &- start))
                try load(follower, within: max(patience - waited, .zero))
            } catch {
                try goOnWithout(error)
            }
        case .failure(let error)?: try goOnWithout(error)
        case nil:
            try goOnWithout(
                StoreError(.unreachable, while: "looking for the newest manifest", detail: "the store does not answer"))
        }
    }

    /// What has not come within that time goes on coming, and the follower tells when it is there.
    private func load(_ follower: StoreFollower, within patience: Duration) throws(StoreError) {
        if let outcome = follower.loadFirst(patience) {
            try outcome.get()
            return tell(generation: registry.followStatus.seenGeneration, models: registry.pool.models.count)
        }
        let reason = "the models of the store have not come yet"
        if !registry.followStatus.hasBegun { registry.noteUnseen(because: reason) }
        log.warning("not ready until they have", LogField("reason", .text(reason)))
    }

    private func restore() throws(StoreError) {
        let report = try registry.restore()
        tell(generation: report.generation, models: report.restored.count)
    }

    private func tell(generation: Int, models: Int) {
        guard generation > 0 else { return }
        log.info("restored", LogField("generation", .integer(generation)), LogField("models", .integer(models)))
    }

    private func goOnWithout(_ error: StoreError) throws(CommandError) {
        let isPassing = error.kind == .unreachable
        let reason = [LogField("reason", .text("\(error)")), LogField("path", .text(error.path ?? ""))]
        if let report = registry.restoreCached(because: "\(error)") {
            return log.log(
                isPassing ? .warning : .error,
                "the store cannot be seen: what its cache has serves until it can",
                [
                    LogField("generation", .integer(report.generation)),
                    LogField("models", .integer(report.restored.count)),
                ] + reason)
        }
        guard isPassing else { throw CommandError("the store cannot be read: \(error.told(of: ""))") }
        registry.noteUnseen(because: "\(error)")
        log.log(.warning, "the store cannot be seen, and there is no cache of it: not ready until it can", reason)
    }
}
