internal import InferenceEngine
package import ModelIR
internal import Synchronization
package import Telemetry

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
        /// published last.
        package var versionsKept = 0
        /// How long a publish waits for the loops to let go of the old snapshot.
        package var drainTimeout = Duration.seconds(5)
        package var manifestsKept = 16
        /// What is not referenced any more is kept in the store for so long.
        package var graceSeconds = 3600
        /// Times that a commit is tried again on top of what another writer has committed.
        package var rebasesMax = 4
        /// What a new version is held to where its model says nothing.
        package var shadowPolicy = ShadowPolicy.standard

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
        /// All that was committed up to this one serves.
        var servedGeneration = 0
        var defaultName: String?
        /// Whether a model has been named at the start.
        var hasNamedDefault = false
        /// Models that were named at the start and serve: the store knows nothing of them.
        var staticNames: Set<String> = []
        /// Made for a snapshot that was not complete; the next try goes on from them.
        var spare: [ServedModel] = []
        /// What could not be loaded.
        var failures: [RestoreReport.Failure] = []
        /// Those of them that were there at the start: they do not keep newer generations from serving.
        var startFailures: [RestoreReport.Failure] = []
    }

    let builder: ModelBuilder
    let store: any ModelStore
    let metrics: ServingMetrics
    let log: Log
    package let limits: Limits
    let system: ServingSystem
    let releaseMemory: @Sendable () -> Void

    let publisher: PoolPublisher
    /// Held for a whole operation: operations run one after the other.
    private let operations = Mutex(State())
    private let followed = Mutex(FollowStatus())
    let collecting: Mutex<CollectPace>
    /// What the spare models hold.
    let spareBytes = Atomic<Int>(0)

    /// - Parameters:
    ///   - importers: the formats, in the order in which they are asked.
    ///   - compile: graph to predictor.
    ///   - store: where models outlive the process.
    ///   - metrics: the models' counters.
    ///   - log: told of publishes, failures and what a start found.
    ///   - system: the time, and how to wait for loops.
    ///   - limits: the bounds.
    ///   - releaseMemory: gives free memory back to the system, such as by `malloc_trim`; called after something big
    ///     was freed.
    package init(
        importers: ModelImporterList, compile: @escaping Compiler, store: any ModelStore, metrics: ServingMetrics,
        log: Log, system: ServingSystem, limits: Limits = Limits(),
        releaseMemory: @escaping @Sendable () -> Void = {}
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

    /// Bytes that models hold: those that serve, all their versions, those that requests have not let go of, and those
    /// that wait for the rest of their generation.
    package var memoryBytes: Int {
        publisher.current.memoryBytes + publisher.retiredBytes + spareBytes.load(ordering: .relaxed)
    }

    /// How this server stands to the store. May be called from any thread.
    package var followStatus: FollowStatus { followed.withLock { $0 } }

    // MARK: Start

    /// Loads what the store's newest manifest names: of each model the current version and those with an alias; the
    /// others follow when there is time for them. A model whose blob is bad does not stop the others.
    /// - Throws: if the store cannot be read at all.
    package func restore() throws(StoreError) -> RestoreReport {
        try operations.withLock { (state: inout State) throws(StoreError) -> RestoreReport in
            let lookup = try refresh(&state)
            guard store.keepsBlobs, let manifest = state.manifest else {
                return RestoreReport(
                    generation: state.highestGeneration, restored: [], failures: [], skippedManifests: lookup.skipped)
            }
            if !state.hasNamedDefault { state.defaultName = manifest.defaultName }
            let before = Set(publisher.current.models.map(ObjectIdentifier.init))
            let snapshot = assemble(manifest, state, made: [], loads: .needed)
            state.failures = snapshot.failures
            state.startFailures = snapshot.failures
            state.servedGeneration = manifest.generation
            // The store is collected when there is time: it reads every manifest of the last hour.
            _ = swap(snapshot.entries, state)
            note(state)
            return RestoreReport(
                generation: manifest.generation,
                restored: publisher.current.models.filter { !before.contains(ObjectIdentifier($0)) },
                failures: snapshot.failures, skippedManifests: lookup.skipped)
        }
    }

    /// Loads a model that was named on the command line. It is not written to the store. The first one named is the
    /// default. To be called after `restore`: a model of that name in the store was published later and goes on
    /// serving.
    package func loadStatic(_ name: String, _ bytes: [UInt8]) throws(PublishError) -> StaticLoad {
        try operations.withLock { (state: inout State) throws(PublishError) -> StaticLoad in
            guard ModelName.isValid(name) else { throw .invalidName(name) }
            if !state.hasNamedDefault {
                state.hasNamedDefault = true
                state.defaultName = name
            }
            if let stored = publisher.current.model(named: name) {
                _ = swap(entriesServing(without: nil), state)
                return .shadowed(by: stored)
            }
            try checkRoom(for: name)
            guard bytes.count <= limits.artifactBytesMax else { throw .tooLarge(bytesMax: limits.artifactBytesMax) }
            let built = try builder.build({ () throws(StoreError) in bytes }, admit: admit)
            // The store may know the name although it does not serve: its versions are not given out twice.
            let number = (state.manifest?.model(named: name)?.highestNumber ?? 0) + 1
            let model = served(
                name, number, digest: ContentDigest(of: bytes), generation: state.highestGeneration, built,
                byteCount: bytes.count)
            state.staticNames.insert(name)
            _ = swap(entriesServing(without: name) + [PooledModel(model)], state)
            return .loaded(model)
        }
    }

    // MARK: Publish

    /// Publishes bytes that are in memory.
    package func publish(
        _ name: String, bytes: [UInt8], options: PublishOptions = PublishOptions()
    ) throws(PublishError) -> PublishReport {
        guard bytes.count <= limits.artifactBytesMax else { throw .tooLarge(bytesMax: limits.artifactBytesMax) }
        let writer: any BlobWriter
        do {
            writer = try store.makeBlobWriter()
            try writer.append(bytes)
        } catch {
            throw .store(error)
        }
        let artifact = ReceivedArtifact(writer: writer, digest: ContentDigest(of: bytes), receive: .zero)
        return try publish(name, artifact, options)
    }

    /// Publishes an artifact that has been received: as a new model, or in place of the version that serves.
    /// - Parameter name: nil where the bundle says what it is called.
    package func publish(
        _ name: String?, _ artifact: ReceivedArtifact, _ options: PublishOptions
    ) throws(PublishError) -> PublishReport {
        defer { artifact.writer.discard() }
        do throws(PublishError) {
            let report = try operations.withLock { (state: inout State) throws(PublishError) -> PublishReport in
                try publish(name, artifact, options, &state)
            }
            metrics.count(report.isDryRun ? .dryRun : .published)
            metrics.publishSeconds.record(UInt64(clamping: report.timings.total.wholeNanoseconds))
            log.info(
                report.isDryRun ? "tried" : "published", LogField("model", .text(report.model.name)),
                LogField("version", .integer(report.model.version)),
                LogField("digest", .text(artifact.digest.description)),
                LogField("format", .text(report.model.format)),
                LogField("predictor", .text(report.model.predictor.report.name)),
                LogField("seconds", .seconds(report.timings.total)))
            for sentence in report.model.shadow?.broken ?? [] {
                log.warning(
                    "a new version answers otherwise", LogField("model", .text(report.model.name)),
                    LogField("version", .integer(report.model.version)), LogField("reason", .text(sentence)))
            }
            return report
        } catch {
            tell(error, of: name)
            // What a refused import has allocated is free now, and may be much.
            switch error {
            case .rejected, .shadowRefused, .outOfMemory: releaseMemory()
            default: break
            }
            throw error
        }
    }

    private func publish(
        _ givenName: String?, _ artifact: ReceivedArtifact, _ options: PublishOptions, _ state: inout State
    ) throws(PublishError) -> PublishReport {
        guard artifact.byteCount <= limits.artifactBytesMax else {
            throw .tooLarge(bytesMax: limits.artifactBytesMax)
        }
        // What can be known before the work is said before the work.
        if let givenName { try checkName(givenName, options, state) }
        if !options.isDryRun { try checkWritable(while: "publishing") }

        var built = try builder.build(
            { () throws(StoreError) in try artifact.writer.contents() }, progress: options.progress,
            admit: { (bytes) throws(PublishError) in try admit(bytes, replacing: givenName) })
        built.timings.receive = artifact.receive
        guard let name = givenName ?? built.imported.metadata.name else { throw .nameless }
        if givenName == nil { try checkName(name, options, state) }
        let shadow = try compare(built.prepared, name, options, &built.timings)
        let previousVersion = servingVersion(name)
        if options.isDryRun {
            let model = served(
                name, currentNumber(name, state) + 1, digest: artifact.digest, generation: state.highestGeneration,
                built, shadow: shadow, byteCount: artifact.byteCount)
            if previousVersion == nil { metrics.retire(name) }
            return PublishReport(
                model: model, isNew: previousVersion == nil, previousVersion: previousVersion, isDrained: true,
                isDryRun: true)
        }

        options.progress?.begin(.publishing)
        try makeRoom(for: built.prepared.memoryBytes, replacing: name, state)
        let start = system.clock()
        do {
            try artifact.writer.keep(as: artifact.digest)
        } catch {
            throw .store(error)
        }
        try commit(
            &state, check: { (state: State) throws(PublishError) in try check(options, name, state) },
            change: { (state: State, generation: Int) throws(PublishError) -> StoredModel? in
                let version = StoredModel.Version(
                    number: currentNumber(name, state) + 1, digest: artifact.digest, format: built.imported.format,
                    byteCount: artifact.byteCount, memoryBytes: built.prepared.memoryBytes, generation: generation)
                return stored(name, with: version, state)
            }, to: name)
        guard let version = state.manifest?.model(named: name)?.current else {
            preconditionFailure("a commit makes a version")
        }
        let model = served(
            name, version.number, digest: version.digest, generation: version.generation, built, shadow: shadow,
            byteCount: artifact.byteCount)
        state.staticNames.remove(name)
        let isDrained = show(&state, made: [model])
        model.setPublishDuration(.nanoseconds(Int64(clamping: system.clock() &- start)))
        return PublishReport(
            model: model, isNew: previousVersion == nil, previousVersion: previousVersion, isDrained: isDrained,
            isDryRun: false)
    }

    /// The model with a new current version; of the older ones those stay that are to be kept.
    private func stored(_ name: String, with version: StoredModel.Version, _ state: State) -> StoredModel {
        guard let stored = state.manifest?.model(named: name) ?? unstored(name, state) else {
            return StoredModel(
                name: name, versions: [version], currentNumber: version.number, generation: version.generation)
        }
        let named = Set(stored.aliases.values)
        // The one that served until now goes before others, whatever its number is: it is the way back.
        let others = stored.versions.filter { !named.contains($0.number) }
        let kept =
            (others.filter { $0.number == stored.currentNumber }
            + others.filter { $0.number != stored.currentNumber }.reversed()).prefix(limits.versionsKept)
        return StoredModel(
            name: name, versions: stored.versions.filter { named.contains($0.number) } + kept + [version],
            currentNumber: version.number, previousNumber: stored.currentNumber, highestNumber: stored.highestNumber,
            aliases: stored.aliases, shadowPolicy: stored.shadowPolicy, generation: version.generation)
    }

    /// A model that was named at the start, as a store would tell of it that forgets blobs anyway: its predictor is all
    /// that is needed to roll back to it.
    private func unstored(_ name: String, _ state: State) -> StoredModel? {
        guard !store.keepsBlobs, state.staticNames.contains(name), let model = publisher.current.model(named: name)
        else { return nil }
        let version = StoredModel.Version(
            number: model.version, digest: model.digest, format: model.format, byteCount: model.artifactBytes,
            memoryBytes: model.memoryBytes, generation: model.generation)
        return StoredModel(
            name: name, versions: [version], currentNumber: model.version, generation: model.generation)
    }

    /// Runs what serves and what is new over recent rows.
    /// - Throws: `shadowRefused` where the model's policy says so.
    private func compare(
        _ prepared: PreparedModel, _ name: String, _ options: PublishOptions, _ timings: inout PublishTimings
    ) throws(PublishError) -> ShadowReport? {
        guard let entry = publisher.current.entry(named: name) else { return nil }
        var policy = entry.shadowPolicy ?? limits.shadowPolicy
        if let action = options.shadowAction { policy.action = action }
        guard policy.action != .off else { return nil }
        options.progress?.begin(.comparing)
        let start = system.clock()
        let report = ShadowComparison.run(
            entry.current.recentRows.copy(), serving: entry.current, next: prepared, policy: policy,
            clock: system.clock)
        timings.shadow = builder.elapsed(since: start)
        guard !report.isRefused else { throw .shadowRefused(report) }
        return report
    }

    // MARK: Change and remove

    /// Moves aliases, rolls back or forward, makes a model the default, sets its policy: in one commit and one swap,
    /// and at once, for the versions are warm.
    /// - Returns: the model as it serves now.
    package func change(
        _ name: String, _ change: ModelChange, precondition: PublishPrecondition = .none
    ) throws(PublishError) -> PooledModel {
        try operations.withLock { (state: inout State) throws(PublishError) -> PooledModel in
            let stored = state.manifest?.model(named: name)
            guard let version = servingVersion(name) ?? stored?.currentNumber else {
                throw .unknownModel(name: name, known: publisher.current.names)
            }
            try check(precondition, name, state)
            if stored == nil {
                // The store knows nothing of it, and others nothing of its name: only our own default can change.
                guard change == ModelChange(becomesDefault: change.becomesDefault) else {
                    throw .notStored(name: name)
                }
                state.defaultName = name
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
                        let changed = try change.applied(
                            to: stored, generation: generation, policy: limits.shadowPolicy)
                        // Loaded before it is said: what cannot be loaded is no change.
                        made = try load(neededBy: changed, besides: made)
                        return changed
                    }, to: name, defaultName: change.becomesDefault ? name : nil)
                if change.becomesDefault {
                    state.defaultName = name
                    state.hasNamedDefault = false
                }
                _ = show(&state, made: made)
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

    /// Takes a model out of service and, if it is there, out of the store.
    package func remove(
        _ name: String, precondition: PublishPrecondition = .none
    ) throws(PublishError) -> RemovalReport {
        try operations.withLock { (state: inout State) throws(PublishError) -> RemovalReport in
            let stored = state.manifest?.model(named: name)
            guard let version = servingVersion(name) ?? stored?.currentNumber else {
                throw .unknownModel(name: name, known: publisher.current.names)
            }
            try check(precondition, name, state)
            if stored != nil {
                try checkWritable(while: "removing")
                try commit(
                    &state, check: { (state: State) throws(PublishError) in try check(precondition, name, state) },
                    change: { (_: State, _: Int) throws(PublishError) -> StoredModel? in nil }, to: name)
            }
            state.staticNames.remove(name)
            let isDrained = show(&state, made: [])
            log.info("removed", LogField("model", .text(name)), LogField("version", .integer(version)))
            return RemovalReport(name: name, version: version, isDrained: isDrained)
        }
    }

    /// Takes one version of a model out of service and out of the store.
    /// - Throws: `versionInUse` for the current one and for those with an alias.
    package func removeVersion(
        _ number: Int, of name: String, precondition: PublishPrecondition = .none
    ) throws(PublishError) -> RemovalReport {
        try operations.withLock { (state: inout State) throws(PublishError) -> RemovalReport in
            guard publisher.current.entry(named: name) != nil || state.manifest?.model(named: name) != nil else {
                throw .unknownModel(name: name, known: publisher.current.names)
            }
            try check(precondition, name, state)
            try checkWritable(while: "removing")
            try commit(
                &state, check: { (state: State) throws(PublishError) in try check(precondition, name, state) },
                change: { (state: State, generation: Int) throws(PublishError) -> StoredModel? in
                    guard let stored = state.manifest?.model(named: name) else { throw .notStored(name: name) }
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
            let isDrained = show(&state, made: [])
            log.info("removed", LogField("model", .text(name)), LogField("version", .integer(number)))
            return RemovalReport(name: name, version: number, isDrained: isDrained)
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

    // MARK: Following

    /// Looks at the store and makes its newest manifest serve, in one swap. If anything of it that is needed cannot be
    /// loaded, all that serves goes on serving and the status says why; the next call tries again.
    /// - Returns: whether something else serves now.
    /// - Throws: if the store cannot be read; the status says so, too.
    @discardableResult
    package func follow() throws(StoreError) -> Bool {
        do {
            return try operations.withLock { (state: inout State) throws(StoreError) -> Bool in
                try refresh(&state)
                defer { note(state) }
                guard store.keepsBlobs, let manifest = state.manifest else { return false }
                let isNews = manifest.generation > state.servedGeneration
                guard isNews || !state.startFailures.isEmpty else { return false }
                var snapshot = assemble(manifest, state, made: state.spare, loads: .needed)
                let known = state.startFailures
                let isNew = { (failure: RestoreReport.Failure) in !known.contains { $0.isSame(failure) } }
                if snapshot.needed.contains(where: { isNew($0) && thinningMakesRoom(for: $0) }) {
                    keepSpare(snapshot.made, &state)
                    // It holds some of what is to go.
                    snapshot = Snapshot()
                    thin(state)
                    snapshot = assemble(manifest, state, made: state.spare, loads: .needed)
                }
                state.failures = snapshot.failures
                guard !snapshot.needed.contains(where: isNew) else {
                    keepSpare(snapshot.made, &state)
                    return false
                }
                state.startFailures = snapshot.needed
                guard isNews || !snapshot.made.isEmpty else {
                    keepSpare([], &state)
                    return false
                }
                if !state.hasNamedDefault { state.defaultName = manifest.defaultName }
                state.servedGeneration = manifest.generation
                forgetStatics(&state, snapshot.entries)
                _ = swap(snapshot.entries, state)
                keepSpare([], &state)
                log.info("followed the store", LogField("generation", .integer(manifest.generation)))
                return true
            }
        } catch {
            followed.withLock { $0.fail("\(error)", at: system.unixSeconds()) }
            throw error
        }
    }

    /// Says to whoever asks how far we are.
    func note(_ state: State) {
        let isLate = (state.manifest?.generation ?? 0) > state.servedGeneration
        let failure = isLate ? state.failures.first : state.startFailures.first
        let reason = state.unreadable?.description ?? failure.map { "\($0.name) version \($0.version): \($0.error)" }
        let seen = state.unreadable == nil ? state.manifest?.generation ?? 0 : state.highestGeneration
        followed.withLock { status in
            status.looked(
                seen: max(seen, state.servedGeneration), served: state.servedGeneration, failure: reason,
                at: system.unixSeconds())
        }
    }

    /// What is due when there is nothing else to do: loads versions that are only kept for a rollback, and frees what
    /// requests have let go of in the meantime. Cheap enough for every few seconds.
    package func housekeep() {
        operations.withLock { state in
            complete(&state)
            reclaim()
        }
    }

    // MARK: Conditions

    /// Refuses an upload before its body, as far as can be told without the control thread. The answer that counts is
    /// given again by `publish`.
    package func refuseEarly(_ name: String, _ options: PublishOptions) throws(PublishError) {
        let etag = publisher.current.entry(named: name)?.etag
        guard etag == nil || !options.mustBeNew else { throw .alreadyThere(name: name) }
        guard options.precondition.holds(for: etag) else { throw .preconditionFailed(currentETag: etag) }
    }

    private func check(_ options: PublishOptions, _ name: String, _ state: State) throws(PublishError) {
        if options.mustBeNew, currentETag(name, state) != nil { throw .alreadyThere(name: name) }
        try check(options.precondition, name, state)
    }

    private func check(
        _ precondition: PublishPrecondition, _ name: String, _ state: State
    ) throws(PublishError) {
        let current = currentETag(name, state)
        guard precondition.holds(for: current) else { throw .preconditionFailed(currentETag: current) }
    }

    /// The store's word counts before ours: another writer may have replaced what we serve.
    private func currentETag(_ name: String, _ state: State) -> String? {
        state.manifest?.model(named: name)?.etag ?? publisher.current.entry(named: name)?.etag
    }

    /// The highest number that has been given out.
    private func currentNumber(_ name: String, _ state: State) -> Int {
        max(state.manifest?.model(named: name)?.highestNumber ?? 0, servingVersion(name) ?? 0)
    }

    private func checkName(_ name: String, _ options: PublishOptions, _ state: State) throws(PublishError) {
        guard ModelName.isValid(name) else { throw .invalidName(name) }
        try check(options, name, state)
        try checkRoom(for: name)
    }

    private func checkRoom(for name: String) throws(PublishError) {
        let pool = publisher.current
        guard pool.models.count < limits.modelsMax || pool.model(named: name) != nil else {
            throw .tooManyModels(modelsMax: limits.modelsMax)
        }
    }

    private func checkWritable(while operation: String) throws(PublishError) {
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
