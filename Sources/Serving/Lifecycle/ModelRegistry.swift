internal import InferenceEngine
package import ModelIR
internal import Synchronization
package import Telemetry

/// When memory that was freed goes back to the system.
package enum MemoryRelease: Sendable {
    /// A model is gone.
    case now
    /// A model was replaced, and the next change needs as much again: when there is time.
    case inAPause
}

/// The control plane: publishes, changes, removes and restores models, one operation at a time.
///
/// Publish is receive -> hash -> import -> compile -> golden rows -> warm up -> compare with the serving version on
/// recent rows -> make durable -> swap in all loops -> drain the old -> free. A failure at any step leaves what was
/// serving and says why. Operations wait for disks and for loops: they are called on the control thread, or before the
/// loops run, and never on a loop.
package final class ModelRegistry: Sendable {
    package struct Limits: Sendable {
        package var modelsMax = 4096
        package var artifactBytesMax = 512 << 20
        /// Bytes that all models together may hold in memory; nil: any.
        package var memoryBytesMax: Int?
        /// Versions of a model that stay warm beside the current one and those with an alias: the ones that were
        /// published last. nil: as many as are kept so far, at least one.
        package var versionsKept: Int? = 0
        /// How long a publish waits for the loops to let go of the old snapshot.
        package var drainTimeout = Duration.seconds(5)
        /// The newest manifests stay however old they are, without the blobs that they alone name: a store of which the
        /// newest one is damaged goes on with the one before, and a follower that slept goes from each to the next.
        package var manifestsKept = 16
        /// What is not referenced any more is kept in the store for so long.
        package var graceSeconds = 3600
        /// Times that a commit is tried again on top of what another writer has committed.
        package var rebasesMax = 4
        /// What a new version is held to where its model says nothing.
        package var shadowPolicy = ShadowPolicy.standard
        /// Of files that are fetched from a store far away so many bytes are in memory at once, and one file more.
        package var fetchedBytesMax = 16 << 20
        /// When what could not be loaded is tried again: after so long, then after twice that, up to the second.
        package var retryFirst = Duration.seconds(1)
        package var retryMax = Duration.seconds(60)

        package init() {}
    }

    /// Graph to predictor: the engine's compiler, as the composition root chooses and configures it.
    package typealias Compiler = @Sendable (ImportedGraph) throws(ImportError) -> PreparedModel

    struct State: Sendable {
        /// What our next commit is built on. Models that do not serve, since their blob is bad, stay in it.
        var manifest: StoreManifest?
        /// The highest that has been taken in the store, by a valid manifest or not.
        var highestGeneration = 0
        /// Why the newest manifest cannot be read, if it is so. It may be of a later server: nothing is committed
        /// over it.
        var unreadable: StoreError?
        /// The numbers of names that are gone.
        var retired = RetiredNumbers.none
        /// What serves, as a manifest: of a model that lags what it was before.
        var applied: StoreManifest?
        /// Models that do not serve as `manifest` says, and the generation up to which each of them is the truth.
        var lagging: [String: Int] = [:]
        /// Since when what serves comes from the cache, the store not having been seen yet.
        var cachedSince: Int64?
        /// Up to which generation all of that is the truth.
        var cachedComplete = Int.max
        /// Whether what serves was worked out of the cache, and is to be worked out again once the store has been seen.
        var servesCache = false
        /// What was handed to the cache last.
        var cached: CachedManifest?
        var defaultName: String?
        /// Where that one answers in place of the manifest's, which cannot be loaded: up to which generation it is the
        /// truth that it is the default.
        var defaultLagging: Int?
        /// Whether a model has been named at the start.
        var hasNamedDefault = false
        /// All names that were given at the start.
        var namesAtStart: Set<String> = []
        /// Models that were named at the start and serve: the store knows nothing of them.
        var staticNames: Set<String> = []
        /// Made for models whose other versions could not be made; the next try goes on from them.
        var spare: [ServedModel] = []
        /// What could not be loaded.
        var failures: [LoadFailure] = []

        /// Up to this one everything serves.
        var servedGeneration: Int { min(applied?.generation ?? 0, lagging.values.min() ?? .max) }
    }

    let builder: ModelBuilder
    let store: any ModelStore
    let metrics: ServingMetrics
    let log: Log
    package let limits: Limits
    let system: ServingSystem
    let releaseMemory: @Sendable (MemoryRelease) -> Void

    let publisher: PoolPublisher
    /// Held for a whole operation: operations run one after the other.
    let operations = Mutex(State())
    let followed = Mutex(FollowStatus())
    let collecting: Mutex<CollectPace>
    /// What the spare models hold.
    let spareBytes = Atomic<Int>(0)
    let pendingBytes = PendingBytes()
    /// Told when what other writers have committed has to be fetched.
    let lacking = Mutex<(@Sendable () -> Void)?>(nil)

    /// - Parameters:
    ///   - importers: the formats, in the order in which they are asked.
    ///   - compile: graph to predictor.
    ///   - store: where models outlive the process.
    ///   - metrics: the models' counters.
    ///   - log: told of publishes, failures and what a start found.
    ///   - system: the time, and how to wait for loops.
    ///   - limits: the bounds.
    ///   - releaseMemory: sees to it that free memory goes back to the system, such as by `malloc_trim`; called after
    ///     something big was freed.
    package init(
        importers: ModelImporterList, compile: @escaping Compiler, store: any ModelStore, metrics: ServingMetrics,
        log: Log, system: ServingSystem, limits: Limits = Limits(),
        releaseMemory: @escaping @Sendable (MemoryRelease) -> Void = { _ in }
    ) {
        builder = ModelBuilder(importers: importers, compile: compile, clock: system.clock)
        self.store = store
        self.metrics = metrics
        self.log = log
        self.limits = limits
        self.system = system
        publisher = PoolPublisher(changes: system.makeSignal())
        collecting = Mutex(CollectPace(store.collectPauses, now: system.clock()))
        self.releaseMemory = releaseMemory
    }

    // MARK: For the loops

    /// What serves now. May be called from any thread; loops take it from their subscription instead.
    package var pool: PredictorPool { publisher.current }

    /// A loop's end of the publishing; the first snapshot waits in it.
    /// - Parameter wake: makes the loop begin a tick; called from the control thread.
    /// - Returns: the loop's end.
    package func subscribe(wake: @escaping @Sendable () -> Void) -> PoolSubscription {
        publisher.subscribe(wake: wake)
    }

    /// Models that were replaced or removed and are still held by a request.
    package var retiredModelCount: Int { publisher.retiredModelCount }

    /// Bytes that models hold: those that serve, all their versions, those that requests have not let go of, those that
    /// wait for the rest of their model, and those whose files are on their way to the store.
    package var memoryBytes: Int {
        publisher.current.memoryBytes + publisher.retiredBytes + spareBytes.load(ordering: .relaxed)
            + pendingBytes.value
    }

    /// How this server stands to the store. May be called from any thread.
    package var followStatus: FollowStatus { followed.withLock { $0 } }

    // MARK: Start

    /// Loads a model that was named on the command line. It is not written to the store. The first one named is the
    /// default. To be called after `restore`: a model of that name in the store was published later and goes on
    /// serving.
    package func loadStatic(_ name: String, _ bytes: [UInt8]) throws(PublishError) -> StaticLoad {
        try operations.withLock { (state: inout State) throws(PublishError) -> StaticLoad in
            guard ModelName.isValid(name) else { throw .invalidName(name) }
            if !state.hasNamedDefault {
                state.hasNamedDefault = true
                state.defaultName = name
                state.defaultLagging = nil
                // Also where it cannot be loaded: no other one answers for it.
                _ = swap(entriesServing(without: nil), state)
            }
            state.namesAtStart.insert(name)
            if let stored = publisher.current.model(named: name) {
                _ = swap(entriesServing(without: nil), state)
                return .shadowed(by: stored)
            }
            try checkRoom(for: name)
            guard bytes.count <= limits.artifactBytesMax else { throw .tooLarge(bytesMax: limits.artifactBytesMax) }
            let built = try builder.build({ () throws(StoreError) in bytes }, admit: admit)
            // The store may know the name although it does not serve: its versions are not given out twice.
            let number = currentNumber(name, state) + 1
            let model = served(
                name, number, digest: ContentDigest(of: bytes), generation: state.highestGeneration, built,
                byteCount: bytes.count)
            state.staticNames.insert(name)
            _ = swap(entriesServing(without: name) + [PooledModel(model)], state)
            return .loaded(model)
        }
    }

    /// A model that was named on the command line cannot be loaded; the others serve. One that the store has as well is
    /// the store's to tell of.
    package func lacksStatic(_ name: String, because error: PublishError) {
        guard operations.withLock({ $0.manifest?.model(named: name) }) == nil else { return }
        followed.withLock { $0.lacks(name, because: "\(error)", at: system.unixSeconds()) }
    }

    // MARK: Change and remove

    /// Moves aliases, rolls back or forward, makes a model the default, sets its policy: in one commit and one swap,
    /// and at once, for the versions are warm.
    /// - Parameter files: what of a store far away has been fetched for it.
    /// - Returns: the model as it serves now.
    /// - Throws: `notFetched` where it needs more.
    package func change(
        _ name: String, _ change: ModelChange, precondition: PublishPrecondition = .none, _ files: ModelFiles? = nil
    ) throws(PublishError) -> PooledModel {
        let files = files ?? noFiles
        return try operations.withLock { (state: inout State) throws(PublishError) -> PooledModel in
            try seeStore(&state)
            let version = try judged(&state) { (state: State) throws(PublishError) -> Int in
                let version = try knownVersion(name, precondition, state)
                // The store knows nothing of it, and others nothing of its name: only our own default can change.
                guard
                    state.manifest?.model(named: name) != nil
                        || change == ModelChange(becomesDefault: change.becomesDefault)
                else { throw .notStored(name: name) }
                return version
            }
            if state.manifest?.model(named: name) == nil {
                state.defaultName = name
                state.defaultLagging = nil
                _ = swap(entriesServing(without: nil), state)
            } else {
                try checkWritable(while: "changing a model")
                var made: [ServedModel] = []
                try commit(
                    &state,
                    check: { (state: State) throws(PublishError) in try check(precondition, name, state) },
                    change: { (state: State, generation: Int) throws(PublishError) -> StoredModel? in
                        guard let stored = state.manifest?.model(named: name) else {
                            throw .unknownModel(name: name, known: publisher.current.names)
                        }
                        let changed = try applied(change, to: stored, generation, state)
                        // Loaded before it is said: what cannot be loaded is no change.
                        made = try load(neededBy: changed, besides: made, state, files)
                        return changed
                    }, to: name, defaultName: change.becomesDefault ? name : nil)
                if change.becomesDefault {
                    state.defaultName = name
                    state.defaultLagging = nil
                    state.hasNamedDefault = false
                }
                _ = show(&state, made: made, files)
            }
            guard let changed = publisher.current.entry(named: name) else {
                throw .unknownModel(name: name, known: publisher.current.names)
            }
            log.info(
                "changed", LogField("model", .text(name)), LogField("version", .integer(changed.current.version)),
                LogField("version_before", .integer(version)))
            return changed
        }
    }

    /// - Throws: `goneWithStart` where the way back leads to a file of the command line.
    private func applied(
        _ change: ModelChange, to stored: StoredModel, _ generation: Int, _ state: State
    ) throws(PublishError) -> StoredModel {
        do throws(PublishError) {
            return try change.applied(to: stored, generation: generation, policy: limits.shadowPolicy)
        } catch {
            guard case .unknownVersion = error, let first = stored.versions.first?.number else { throw error }
            let isBefore =
                switch change.current {
                case .previous: true
                case .version(let number): number < first
                default: false
                }
            guard isBefore, store.keepsBlobs, state.namesAtStart.contains(stored.name) else { throw error }
            throw .goneWithStart(name: stored.name, known: stored.versions.map(\.number))
        }
    }

    /// Takes a model out of service and, if it is there, out of the store. One that was named on the command line and
    /// could not be loaded is missed no more.
    package func remove(
        _ name: String, precondition: PublishPrecondition = .none
    ) throws(PublishError) -> RemovalReport {
        try operations.withLock { (state: inout State) throws(PublishError) -> RemovalReport in
            try seeStore(&state)
            if let absent = absentStatic(name, state) {
                try check(precondition, name, state)
                followed.withLock { $0.settle([name]) }
                log.info("removed", LogField("model", .text(name)), LogField("version", .integer(absent.version)))
                return RemovalReport(
                    name: name, version: absent.version, generation: state.highestGeneration, isDrained: true)
            }
            let version = try judged(&state) { (state: State) throws(PublishError) -> Int in
                try knownVersion(name, precondition, state)
            }
            let stored = state.manifest?.model(named: name)
            if stored != nil {
                try checkWritable(while: "removing")
                try commit(
                    &state, check: { (state: State) throws(PublishError) in try check(precondition, name, state) },
                    change: { (_: State, _: Int) throws(PublishError) -> StoredModel? in nil }, to: name)
            }
            if state.staticNames.remove(name) != nil, stored == nil {
                state.retired.note(name, highest: currentNumber(name, state))
            }
            let isDrained = show(&state, made: [], noFiles)
            log.info("removed", LogField("model", .text(name)), LogField("version", .integer(version)))
            return RemovalReport(
                name: name, version: version, generation: state.highestGeneration, isDrained: isDrained)
        }
    }

    /// Takes one version of a model out of service and out of the store.
    /// - Throws: `versionInUse` for the current one and for those with an alias.
    package func removeVersion(
        _ number: Int, of name: String, precondition: PublishPrecondition = .none
    ) throws(PublishError) -> RemovalReport {
        try operations.withLock { (state: inout State) throws(PublishError) -> RemovalReport in
            try seeStore(&state)
            _ = try judged(&state) { (state: State) throws(PublishError) -> Int in
                try knownVersion(name, precondition, state)
            }
            try checkWritable(while: "removing")
            try commit(
                &state, check: { (state: State) throws(PublishError) in try check(precondition, name, state) },
                change: { (state: State, generation: Int) throws(PublishError) -> StoredModel? in
                    guard let stored = state.manifest?.model(named: name) else {
                        guard let version = servingVersion(name), version != number else {
                            throw .notStored(name: name)
                        }
                        throw .unknownVersion(name: name, version: String(number), known: [version])
                    }
                    guard stored.version(number) != nil else {
                        throw .unknownVersion(
                            name: name, version: String(number), known: stored.versions.map(\.number))
                    }
                    guard stored.currentNumber != number, !stored.aliases.values.contains(number) else {
                        throw .versionInUse(version: number)
                    }
                    return StoredModel(
                        name: name, versions: stored.versions.filter { $0.number != number },
                        currentNumber: stored.currentNumber, previousNumber: stored.previousNumber,
                        highestNumber: stored.highestNumber, aliases: stored.aliases,
                        shadowPolicy: stored.shadowPolicy, generation: generation)
                }, to: name)
            let isDrained = show(&state, made: [], noFiles)
            log.info("removed", LogField("model", .text(name)), LogField("version", .integer(number)))
            return RemovalReport(
                name: name, version: number, generation: state.highestGeneration, isDrained: isDrained)
        }
    }

    /// The bytes that a version was published from.
    /// - Throws: `store` with `missing` where the store keeps none.
    package func openArtifact(_ digest: ContentDigest, byteCount: Int) throws(PublishError) -> any BlobReader {
        do {
            return try store.openBlob(digest, byteCount: byteCount)
        } catch {
            throw error.kind == .missing ? .fileNotKept : .store(error)
        }
    }

    // MARK: Housekeeping

    /// What is due in a pause behind changes, and when there is nothing else to do: loads versions that are only kept
    /// for a rollback, and frees what requests have let go of in the meantime. Cheap enough for every few seconds.
    package func housekeep() {
        operations.withLock { state in
            _ = complete(&state, noFiles)
            reclaim()
        }
    }

    // MARK: Conditions

    /// Refuses an upload before its body, as far as can be told without the control thread. The answer that counts is
    /// given again by `publish`.
    package func refuseEarly(_ name: String, _ options: PublishOptions) throws(PublishError) {
        // What a cache has said refuses nothing, nor what serves in the place of something else: the store knows it.
        let status = followStatus
        guard status.cachedSince == nil, status.laggingCount == 0 else { return }
        let pool = publisher.current
        let etag = pool.entry(named: name)?.etag
        guard !store.keepsBlobs else {
            // Another writer may have changed the model since. Only a state that was over before is over for good.
            guard !options.precondition.isOver(by: pool.generation(of: name), current: etag) else {
                throw .preconditionFailed(currentETag: etag)
            }
            return
        }
        guard etag == nil || !options.mustBeNew else { throw .alreadyThere(name: name) }
        guard options.precondition.holds(for: etag) else { throw .preconditionFailed(currentETag: etag) }
    }

    func check(_ options: PublishOptions, _ name: String, _ state: State) throws(PublishError) {
        if options.mustBeNew, currentETag(name, state) != nil { throw .alreadyThere(name: name) }
        try check(options.precondition, name, state)
    }

    private func check(
        _ precondition: PublishPrecondition, _ name: String, _ state: State
    ) throws(PublishError) {
        let current = currentETag(name, state)
        guard precondition.holds(for: current) else { throw .preconditionFailed(currentETag: current) }
    }

    /// The version of a model that a change begins with.
    /// - Throws: `unknownModel`, or `preconditionFailed`.
    private func knownVersion(
        _ name: String, _ precondition: PublishPrecondition, _ state: State
    ) throws(PublishError) -> Int {
        let current = state.manifest?.model(named: name)?.currentNumber ?? ownEntry(name, state)?.current.version
        guard let current else { throw .unknownModel(name: name, known: publisher.current.names) }
        try check(precondition, name, state)
        return servingVersion(name) ?? current
    }

    /// The store's word counts before ours: another writer may have replaced what we serve.
    func currentETag(_ name: String, _ state: State) -> String? {
        state.manifest?.model(named: name)?.etag ?? ownEntry(name, state)?.etag
    }

    /// What serves of a name on which the store has no say. What another writer has removed is none of it.
    func ownEntry(_ name: String, _ state: State) -> PooledModel? {
        guard state.manifest == nil || state.staticNames.contains(name) else { return nil }
        return publisher.current.entry(named: name)
    }

    /// A model of the command line that could not be loaded, where nothing else has its name.
    private func absentStatic(_ name: String, _ state: State) -> FollowStatus.LaggingModel? {
        guard state.manifest?.model(named: name) == nil, ownEntry(name, state) == nil else { return nil }
        return followStatus.absent.first { $0.name == name }
    }

    /// The highest number that has been given out.
    func currentNumber(_ name: String, _ state: State) -> Int {
        max(state.retired.highest(of: name, in: state.manifest), servingVersion(name) ?? 0)
    }

    func checkName(_ name: String, _ options: PublishOptions, _ state: State) throws(PublishError) {
        guard ModelName.isValid(name) else { throw .invalidName(name) }
        try check(options, name, state)
        try checkRoom(for: name)
    }

    func checkRoom(for name: String) throws(PublishError) {
        let pool = publisher.current
        guard pool.models.count < limits.modelsMax || pool.model(named: name) != nil else {
            throw .tooManyModels(modelsMax: limits.modelsMax)
        }
    }

    func checkWritable(while operation: String) throws(PublishError) {
        guard store.isWritable else {
            throw .store(StoreError(.readOnly, while: operation, detail: "the model store is read-only"))
        }
    }
}

extension ModelChange {
    fileprivate init(becomesDefault: Bool) {
        self.init()
        self.becomesDefault = becomesDefault
    }
}
