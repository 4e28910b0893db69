internal import InferenceEngine
package import ModelIR
internal import Synchronization
package import Telemetry

/// The control plane: publishes, removes and restores models, one operation at a time.
///
/// Publish is receive -> hash -> import -> compile -> golden rows -> warm up -> make durable -> swap in all loops ->
/// drain the old -> free. A failure at any step leaves what was serving and says why. Operations wait for disks and
/// for loops: they are called on the control thread, or before the loops run, and never on a loop.
package final class ModelRegistry: Sendable {
    package struct Limits: Sendable {
        package var modelsMax = 256
        package var artifactBytesMax = 512 << 20
        /// How long a publish waits for the loops to let go of the old snapshot.
        package var drainTimeout = Duration.seconds(5)
        package var manifestsKept = 16
        /// What is not referenced any more is kept in the store for so long.
        package var graceSeconds = 3600
        /// Times that a commit is tried again on top of what another writer has committed.
        package var rebasesMax = 4

        package init() {}
    }

    /// Graph to predictor: the engine's compiler, as the composition root chooses and configures it.
    package typealias Compiler = @Sendable (ImportedGraph) throws(ImportError) -> PreparedModel

    private struct State: Sendable {
        /// What our next commit is built on. Entries that do not serve, since their blob is bad or another writer
        /// brought them, stay in it.
        var manifest: StoreManifest?
        var highestGeneration = 0
        var defaultName: String?
        /// Whether a model has been named at the start.
        var hasNamedDefault = false
        var collectedAt: Int64 = 0
    }

    private let importers: ModelImporterList
    private let compile: Compiler
    private let store: any ModelStore
    private let metrics: ServingMetrics
    private let log: Log
    package let limits: Limits
    let system: ServingSystem
    private let releaseMemory: @Sendable () -> Void

    private let publisher: PoolPublisher
    /// Held for a whole operation: operations run one after the other.
    private let operations = Mutex(State())

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
        self.importers = importers
        self.compile = compile
        self.store = store
        self.metrics = metrics
        self.log = log
        self.limits = limits
        self.system = system
        publisher = PoolPublisher(changes: system.makeSignal())
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

    // MARK: Start

    /// Loads what the store's newest manifest names. A model whose blob is bad does not stop the others.
    /// - Throws: if the store cannot be read at all.
    package func restore() throws(StoreError) -> RestoreReport {
        try operations.withLock { (state: inout State) throws(StoreError) -> RestoreReport in
            try restore(&state)
        }
    }

    private func restore(_ state: inout State) throws(StoreError) -> RestoreReport {
        let lookup = try refresh(&state)
        guard store.keepsBlobs, let manifest = state.manifest else {
            return RestoreReport(
                generation: state.highestGeneration, restored: [], failures: [], skippedManifests: lookup.skipped)
        }
        var restored: [ServedModel] = []
        var failures: [RestoreReport.Failure] = []
        for entry in manifest.models {
            do throws(PublishError) {
                guard ModelName.isValid(entry.name) else { throw .invalidName(entry.name) }
                guard restored.count < limits.modelsMax else { throw .tooManyModels(modelsMax: limits.modelsMax) }
                guard entry.byteCount <= limits.artifactBytesMax else {
                    throw .tooLarge(bytesMax: limits.artifactBytesMax)
                }
                let built = try build { () throws(StoreError) in try store.blob(entry.digest) }
                restored.append(
                    served(
                        entry.name, version: entry.version, digest: entry.digest, generation: entry.generation, built,
                        byteCount: entry.byteCount))
            } catch {
                failures.append(RestoreReport.Failure(name: entry.name, version: entry.version, error: error))
                log.error(
                    "a stored model cannot be served", LogField("model", .text(entry.name)),
                    LogField("version", .integer(entry.version)), LogField("reason", .text("\(error)")))
            }
        }
        if !state.hasNamedDefault { state.defaultName = manifest.defaultName }
        _ = swap(restored, state)
        collect(&state)
        return RestoreReport(
            generation: manifest.generation, restored: restored, failures: failures, skippedManifests: lookup.skipped)
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
                _ = swap(modelsServing(without: nil), state)
                return .shadowed(by: stored)
            }
            try checkRoom(for: name)
            guard bytes.count <= limits.artifactBytesMax else { throw .tooLarge(bytesMax: limits.artifactBytesMax) }
            let built = try build { () throws(StoreError) in bytes }
            // The store may know the name although it does not serve: its versions are not given out twice.
            let version = (state.manifest?.entry(named: name)?.version ?? 0) + 1
            let model = served(
                name, version: version, digest: ContentDigest(of: bytes), generation: state.highestGeneration, built,
                byteCount: bytes.count)
            _ = swap(modelsServing(without: name) + [model], state)
            return .loaded(model)
        }
    }

    // MARK: Publish and remove

    /// Publishes bytes that are in memory.
    package func publish(
        _ name: String, bytes: [UInt8], precondition: PublishPrecondition = .none
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
        return try publish(name, artifact, precondition: precondition)
    }

    /// Publishes an artifact that has been received: as a new model, or in place of the version that serves.
    package func publish(
        _ name: String, _ artifact: ReceivedArtifact, precondition: PublishPrecondition
    ) throws(PublishError) -> PublishReport {
        defer { artifact.writer.discard() }
        do throws(PublishError) {
            let report = try operations.withLock { (state: inout State) throws(PublishError) -> PublishReport in
                try publish(name, artifact, precondition, &state)
            }
            metrics.publishes.series(["published"]).add()
            metrics.publishSeconds.record(UInt64(clamping: report.timings.total.wholeNanoseconds))
            log.info(
                "published", LogField("model", .text(name)), LogField("version", .integer(report.model.version)),
                LogField("digest", .text(artifact.digest.description)),
                LogField("format", .text(report.model.format)),
                LogField("predictor", .text(report.model.predictor.report.name)),
                LogField("seconds", .seconds(report.timings.total)))
            return report
        } catch {
            metrics.publishes.series([error.outcome]).add()
            // What a refused import has allocated is free now, and may be much.
            if case .rejected = error { releaseMemory() }
            log.warning("not published", LogField("model", .text(name)), LogField("reason", .text("\(error)")))
            if case .store(let failure) = error, let path = failure.path {
                log.error("\(failure)", LogField("path", .text(path)))
            }
            throw error
        }
    }

    private func publish(
        _ name: String, _ artifact: ReceivedArtifact, _ precondition: PublishPrecondition, _ state: inout State
    ) throws(PublishError) -> PublishReport {
        guard ModelName.isValid(name) else { throw .invalidName(name) }
        guard artifact.byteCount <= limits.artifactBytesMax else {
            throw .tooLarge(bytesMax: limits.artifactBytesMax)
        }
        // What can be known before the work is said before the work.
        try check(precondition, name, state)
        try checkRoom(for: name)
        guard store.isWritable else {
            throw .store(StoreError(.readOnly, while: "publishing", detail: "the model store is read-only"))
        }

        var built = try build { () throws(StoreError) in try artifact.writer.contents() }
        built.timings.receive = artifact.receive

        let start = system.clock()
        do {
            try artifact.writer.keep(as: artifact.digest)
        } catch {
            throw .store(error)
        }
        var entry: StoreManifest.Entry?
        try commit(&state, check: { state throws(PublishError) in try check(precondition, name, state) }) { state in
            let generation = state.highestGeneration + 1
            let made = StoreManifest.Entry(
                name: name, version: currentVersion(name, state) + 1, digest: artifact.digest,
                format: built.imported.format,
                byteCount: artifact.byteCount, generation: generation)
            entry = made
            return (state.manifest?.models ?? []).filter { $0.name != name } + [made]
        }
        guard let entry else { preconditionFailure("a commit makes an entry") }

        let model = served(
            name, version: entry.version, digest: entry.digest, generation: entry.generation, built,
            byteCount: artifact.byteCount)
        let previousVersion = servingVersion(name)
        let isDrained = swap(modelsServing(without: name) + [model], state)
        model.setPublishDuration(.nanoseconds(Int64(clamping: system.clock() &- start)))
        // Here as well as in `housekeep`: under a steady stream of publishes the control thread is never idle.
        collect(&state)
        return PublishReport(
            model: model, isNew: previousVersion == nil, previousVersion: previousVersion, isDrained: isDrained)
    }

    /// Takes a model out of service and, if it is there, out of the store.
    package func remove(
        _ name: String, precondition: PublishPrecondition = .none
    ) throws(PublishError) -> RemovalReport {
        try operations.withLock { (state: inout State) throws(PublishError) -> RemovalReport in
            let stored = state.manifest?.entry(named: name)
            guard let version = servingVersion(name) ?? stored?.version else {
                throw .unknownModel(name: name, known: publisher.current.names)
            }
            try check(precondition, name, state)
            if stored != nil {
                guard store.isWritable else {
                    throw .store(StoreError(.readOnly, while: "removing", detail: "the model store is read-only"))
                }
                try commit(&state, check: { state throws(PublishError) in try check(precondition, name, state) }) {
                    state in
                    (state.manifest?.models ?? []).filter { $0.name != name }
                }
            }
            let isDrained = swap(modelsServing(without: name), state)
            metrics.retire(name)
            log.info("removed", LogField("model", .text(name)), LogField("version", .integer(version)))
            return RemovalReport(name: name, version: version, isDrained: isDrained)
        }
    }

    /// What is due when there is nothing else to do: frees what requests have let go of in the meantime, and collects
    /// the store. Cheap enough for every few seconds.
    package func housekeep() {
        operations.withLock { state in
            reclaim()
            collect(&state)
        }
    }

    // MARK: Conditions

    /// Whether the precondition holds, as far as can be told without the control thread: lets a loop refuse an upload
    /// before its body. The answer that counts is given again by `publish`.
    package func holds(_ precondition: PublishPrecondition, for name: String) -> Bool {
        precondition.holds(for: publisher.current.model(named: name)?.etag)
    }

    private func check(
        _ precondition: PublishPrecondition, _ name: String, _ state: State
    ) throws(PublishError) {
        let current = currentETag(name, state)
        guard precondition.holds(for: current) else { throw .preconditionFailed(currentETag: current) }
    }

    /// The store's word counts before ours: another writer may have replaced what we serve.
    private func currentETag(_ name: String, _ state: State) -> String? {
        if let entry = state.manifest?.entry(named: name) {
            return ServedModel.etag(digest: entry.digest, generation: entry.generation)
        }
        return publisher.current.model(named: name)?.etag
    }

    private func currentVersion(_ name: String, _ state: State) -> Int {
        max(state.manifest?.entry(named: name)?.version ?? 0, servingVersion(name) ?? 0)
    }

    private func checkRoom(for name: String) throws(PublishError) {
        let pool = publisher.current
        guard pool.models.count < limits.modelsMax || pool.model(named: name) != nil else {
            throw .tooManyModels(modelsMax: limits.modelsMax)
        }
    }

    // MARK: Building

    private struct Built {
        let imported: ImportedModel
        let prepared: PreparedModel
        let golden: GoldenCheck.Report
        var timings: PublishTimings
    }

    /// Bytes to a predictor that has run. The bytes are let go of as soon as they have been imported.
    private func build(_ bytes: () throws(StoreError) -> [UInt8]) throws(PublishError) -> Built {
        var timings = PublishTimings()
        let imported = try importModel(bytes, &timings)
        let start = system.clock()
        let prepared: PreparedModel
        do throws(ImportError) {
            prepared = try compile(imported.graph)
        } catch {
            throw .rejected(error)
        }
        timings.compile = elapsed(since: start)
        let goldenStart = system.clock()
        let golden: GoldenCheck.Report
        do throws(ImportError) {
            golden = try GoldenCheck.run(
                imported.metadata, signature: prepared.signature, layout: prepared.layout,
                predictor: prepared.predictor)
        } catch {
            throw .rejected(error)
        }
        timings.golden = elapsed(since: goldenStart)
        let warmUpStart = system.clock()
        WarmUp.run(prepared)
        timings.warmUp = elapsed(since: warmUpStart)
        return Built(imported: imported, prepared: prepared, golden: golden, timings: timings)
    }

    private func importModel(
        _ bytes: () throws(StoreError) -> [UInt8], _ timings: inout PublishTimings
    ) throws(PublishError) -> ImportedModel {
        let artifact: [UInt8]
        do throws(StoreError) {
            artifact = try bytes()
        } catch {
            throw .store(error)
        }
        let start = system.clock()
        defer { timings.importing = elapsed(since: start) }
        do throws(ImportError) {
            return try importers.importModel(artifact.span)
        } catch {
            throw .rejected(error)
        }
    }

    private func elapsed(since start: UInt64) -> Duration {
        .nanoseconds(Int64(clamping: system.clock() &- start))
    }

    private func served(
        _ name: String, version: Int, digest: ContentDigest, generation: Int, _ built: Built, byteCount: Int
    ) -> ServedModel {
        ServedModel(
            name: name, version: version, digest: digest, generation: generation, imported: built.imported,
            prepared: built.prepared, golden: built.golden, artifactBytes: byteCount, timings: built.timings,
            loadedAt: system.unixSeconds(),
            metrics: metrics.model(name))
    }

    // MARK: Committing

    /// Commits what `models` makes of the newest manifest. If another writer takes the generation first, its manifest
    /// is read and ours is made again on top of it, so that neither update is lost.
    /// - Parameters:
    ///   - state: what we know of the store.
    ///   - check: throws if the change is not wanted any more on top of what the other writer has committed.
    ///   - models: the models of the next manifest.
    /// - Throws: what the store or `check` throws, and `conflict` if other writers are faster again and again.
    private func commit(
        _ state: inout State, check: (State) throws(PublishError) -> Void,
        _ models: (State) -> [StoreManifest.Entry]
    ) throws(PublishError) {
        var rebases = 0
        while true {
            let manifest = StoreManifest(
                generation: state.highestGeneration + 1, created: system.unixSeconds(), models: models(state),
                defaultName: state.defaultName)
            do throws(StoreError) {
                try store.commit(manifest)
                state.manifest = manifest
                state.highestGeneration = manifest.generation
                return
            } catch {
                guard error.kind == .generationTaken else { throw .store(error) }
                guard rebases < limits.rebasesMax else { throw .conflict }
                rebases += 1
                do throws(StoreError) {
                    _ = try refresh(&state)
                } catch {
                    throw .store(error)
                }
                try check(state)
            }
        }
    }

    @discardableResult
    private func refresh(_ state: inout State) throws(StoreError) -> ManifestLookup {
        let lookup = try store.newestManifest()
        for skipped in lookup.skipped {
            log.error(
                "a manifest was passed over: \(skipped)", LogField("path", .text(skipped.path ?? "")))
        }
        state.manifest = lookup.manifest
        state.highestGeneration = max(state.highestGeneration, lookup.highestGeneration)
        return lookup
    }

    // MARK: Swapping

    // Nothing here keeps the current snapshot or one of its models in a variable over a swap: it would be the
    // reference that keeps the old one from being freed.

    private func servingVersion(_ name: String) -> Int? { publisher.current.model(named: name)?.version }

    private func modelsServing(without name: String?) -> [ServedModel] {
        publisher.current.models.filter { $0.name != name }
    }

    /// - Returns: whether all loops have let go of what was replaced.
    private func swap(_ models: [ServedModel], _ state: State) -> Bool {
        let isDrained = publisher.publish(
            models, defaultName: state.defaultName, generation: state.highestGeneration, timeout: limits.drainTimeout)
        if !isDrained { log.warning("a loop is slow to take the new models; the old ones stay in memory until it has") }
        reclaim()
        return isDrained
    }

    private func reclaim() {
        // Trimming costs milliseconds: only for what is worth it.
        if publisher.reclaim() >= 1 << 20 { releaseMemory() }
    }

    private func collect(_ state: inout State) {
        let now = system.unixSeconds()
        guard store.isWritable, abs(now - state.collectedAt) >= 60 else { return }
        state.collectedAt = now
        do throws(StoreError) {
            let removed = try store.collect(manifestsKept: limits.manifestsKept, graceSeconds: limits.graceSeconds)
            if !removed.isEmpty {
                log.info(
                    "collected the store", LogField("manifests", .integer(removed.manifests)),
                    LogField("blobs", .integer(removed.blobs)), LogField("bytes", .integer(removed.bytes)))
            }
        } catch {
            log.warning("the store could not be collected: \(error)", LogField("path", .text(error.path ?? "")))
        }
    }
}

extension PublishError {
    /// The label under which it is counted.
    fileprivate var outcome: String {
        switch self {
        case .rejected: "rejected"
        case .store: "store_error"
        case .preconditionFailed: "precondition_failed"
        case .conflict: "conflict"
        case .tooLarge, .tooManyModels: "limit"
        case .invalidName, .busy, .unknownModel, .cancelled, .stopping: "other"
        }
    }
}
