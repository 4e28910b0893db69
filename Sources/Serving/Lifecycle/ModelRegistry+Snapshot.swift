internal import Synchronization
internal import Telemetry

// What of the registry makes the next snapshot. Called while its lock is held.
//
// Nothing here keeps the current snapshot or one of its models in a variable over a swap: it would be the reference
// that keeps the old one from being freed.
extension ModelRegistry {
    /// Which versions are loaded.
    enum Loading {
        /// The current ones and those with an alias.
        case needed
        /// Those that are kept for a rollback as well.
        case all
    }

    /// What a manifest makes of what is loaded.
    struct Snapshot {
        var entries: [PooledModel] = []
        /// Versions that were loaded for it.
        var made: [ServedModel] = []
        var failures: [RestoreReport.Failure] = []
        /// Those of versions that have to be there.
        var needed: [RestoreReport.Failure] = []

        /// Whether every version that is needed is there.
        var isComplete: Bool { needed.isEmpty }
    }

    /// Loads what of the manifest is not loaded yet. A model whose current version cannot be loaded goes on as it
    /// serves now; models that were named at the start and are not in the manifest stay.
    /// - Parameter made: models that are loaded and do not serve, among them the spare ones.
    func assemble(_ manifest: StoreManifest, _ state: State, made: [ServedModel], loads: Loading) -> Snapshot {
        var snapshot = Snapshot()
        // Of the spare ones it is known already what they hold.
        var madeBytes = made.reduce(0) { $0 + $1.memoryBytes } - spareBytes.load(ordering: .relaxed)
        let pool = publisher.current
        for stored in manifest.models {
            let serving = pool.entry(named: stored.name)
            var loaded: [ServedModel] = []
            for version in stored.versions {
                let isNeeded = stored.needs(version)
                if let model = (made + (serving?.versions ?? [])).first(where: { $0.is(version, of: stored.name) }) {
                    loaded.append(model)
                    if made.contains(where: { $0 === model }) { snapshot.made.append(model) }
                    continue
                }
                guard store.keepsBlobs, isNeeded || loads == .all else { continue }
                if let failure = state.failures.first(where: { $0.isSame(version, of: stored.name) }), !isNeeded {
                    snapshot.failures.append(failure)
                    continue
                }
                do throws(PublishError) {
                    guard snapshot.entries.count < limits.modelsMax else {
                        throw .tooManyModels(modelsMax: limits.modelsMax)
                    }
                    let model = try load(version, of: stored.name, besides: madeBytes)
                    madeBytes += model.memoryBytes
                    loaded.append(model)
                    snapshot.made.append(model)
                } catch {
                    let failure = RestoreReport.Failure(
                        name: stored.name, version: version.number, digest: version.digest, error: error)
                    snapshot.failures.append(failure)
                    if isNeeded { snapshot.needed.append(failure) }
                    log.error(
                        "a stored model cannot be served", LogField("model", .text(stored.name)),
                        LogField("version", .integer(version.number)), LogField("reason", .text("\(error)")))
                }
            }
            if let entry = PooledModel(stored, loaded: loaded) ?? serving { snapshot.entries.append(entry) }
        }
        let names = Set(snapshot.entries.map(\.name))
        snapshot.entries += pool.entries.filter { state.staticNames.contains($0.name) && !names.contains($0.name) }
        return snapshot
    }

    /// The versions that a model has to have and that are not loaded.
    /// - Throws: where one of them cannot be loaded, what is the matter with it.
    func load(
        neededBy stored: StoredModel, besides made: [ServedModel]
    ) throws(PublishError) -> [ServedModel] {
        var made = made
        let serving = publisher.current.entry(named: stored.name)?.versions ?? []
        for version in stored.versions where stored.needs(version) {
            guard !(made + serving).contains(where: { $0.is(version, of: stored.name) }) else { continue }
            let bytes = made.reduce(0) { $0 + $1.memoryBytes }
            made.append(try load(version, of: stored.name, besides: bytes))
        }
        return made
    }

    /// - Parameter others: bytes of models that have been loaded and that nobody counts yet.
    private func load(
        _ version: StoredModel.Version, of name: String, besides others: Int
    ) throws(PublishError) -> ServedModel {
        guard version.byteCount <= limits.artifactBytesMax else { throw .tooLarge(bytesMax: limits.artifactBytesMax) }
        // What cannot fit is not fetched. What it holds here is known when it has been compiled.
        if let expected = version.memoryBytes { try admit(expected, besides: others) }
        let built = try builder.build({ () throws(StoreError) in
            try store.blob(version.digest, bytesMax: version.byteCount)
        }) {
            (bytes) throws(PublishError) in try admit(bytes, besides: others)
        }
        return served(
            name, version.number, digest: version.digest, generation: version.generation, built,
            byteCount: version.byteCount)
    }

    /// Makes what was just committed serve. What other writers have committed in the meantime is loaded as well; where
    /// that fails, the rest serves and the status says what does not.
    /// - Parameter made: a version that this operation has made.
    /// - Returns: whether all loops have let go of what was replaced.
    func show(_ state: inout State, made: [ServedModel]) -> Bool {
        let manifest = state.manifest ?? StoreManifest(generation: 0, created: 0, models: [], defaultName: nil)
        if !state.hasNamedDefault, state.manifest != nil { state.defaultName = manifest.defaultName }
        let snapshot = assemble(manifest, state, made: made + state.spare, loads: .needed)
        state.failures = snapshot.failures
        let isComplete = !snapshot.needed.contains { failure in
            !state.startFailures.contains { $0.isSame(failure) }
        }
        if isComplete || !store.keepsBlobs {
            state.servedGeneration = manifest.generation
            state.startFailures = snapshot.needed
            state.spare = []
        }
        forgetStatics(&state, snapshot.entries)
        let isDrained = swap(snapshot.entries, state)
        let current = publisher.current
        keepSpare(state.spare.filter { !current.contains($0) }, &state)
        note(state)
        return isDrained
    }

    /// Loads versions that are kept for a rollback and are not loaded.
    func complete(_ state: inout State) {
        guard store.keepsBlobs, let manifest = state.manifest, manifest.generation == state.servedGeneration else {
            return
        }
        let pool = publisher.current
        let isMissing = manifest.models.contains { stored in
            stored.versions.contains { version in
                !state.failures.contains { $0.isSame(version, of: stored.name) }
                    && pool.entry(named: stored.name)?.version(version.number) == nil
            }
        }
        guard isMissing else { return }
        let snapshot = assemble(manifest, state, made: state.spare, loads: .all)
        state.failures = snapshot.failures
        _ = swap(snapshot.entries, state)
        keepSpare([], &state)
    }

    func served(
        _ name: String, _ number: Int, digest: ContentDigest, generation: Int, _ built: ModelBuilder.Built,
        shadow: ShadowReport? = nil, byteCount: Int
    ) -> ServedModel {
        // Rows of the same columns are as good for the next comparison, whichever version was asked.
        let rows = publisher.current.entry(named: name)?.current.recentRows
        return ServedModel(
            name: name, version: number, digest: digest, generation: generation, imported: built.imported,
            prepared: built.prepared, golden: built.golden, shadow: shadow, artifactBytes: byteCount,
            timings: built.timings, loadedAt: system.unixSeconds(), metrics: metrics.model(name),
            recentRows: rows.flatMap { $0.fits(built.prepared.layout) ? $0 : nil })
    }

    func servingVersion(_ name: String) -> Int? { publisher.current.model(named: name)?.version }

    func entriesServing(without name: String?) -> [PooledModel] {
        publisher.current.entries.filter { $0.name != name }
    }

    // MARK: Swapping

    /// - Returns: whether all loops have let go of what was replaced.
    func swap(_ entries: [PooledModel], _ state: State) -> Bool {
        let before = Set(publisher.current.names)
        let isDrained = publisher.publish(
            entries, defaultName: state.defaultName,
            generation: max(state.servedGeneration, publisher.current.generation),
            timeout: limits.drainTimeout)
        if !isDrained { log.warning("a loop is slow to take the new models; the old ones stay in memory until it has") }
        for name in before.subtracting(entries.map(\.name)) { metrics.retire(name) }
        reclaim()
        return isDrained
    }

    /// A model that was named at the start, and that the store has by now, goes when the store's goes.
    func forgetStatics(_ state: inout State, _ entries: [PooledModel]) {
        guard let manifest = state.manifest, !state.staticNames.isEmpty else { return }
        for entry in entries where manifest.model(named: entry.name)?.etag == entry.etag {
            state.staticNames.remove(entry.name)
        }
    }

    func reclaim() {
        // Trimming costs milliseconds: only for what is worth it.
        if publisher.reclaim() >= 1 << 20 { releaseMemory() }
    }

    // MARK: Memory

    /// - Throws: `outOfMemory` where a model of so many bytes finds no room.
    func admit(_ needed: Int) throws(PublishError) { try admit(needed, besides: 0) }

    /// The same where the versions of a model that are only kept for a rollback may go.
    func admit(_ needed: Int, replacing name: String?) throws(PublishError) {
        let entry = name.flatMap { publisher.current.entry(named: $0) }
        try admit(needed, besides: -(entry?.thinnableBytes ?? 0))
    }

    /// Where memory is short, versions of the model that are only kept for a rollback go first.
    /// - Throws: `outOfMemory` where that is not enough.
    func makeRoom(for needed: Int, replacing name: String, _ state: State) throws(PublishError) {
        if (try? admit(needed)) != nil { return }
        if let entries = entries(thinning: name) { _ = swap(entries, state) }
        try admit(needed)
    }

    /// Whether what could not be loaded fits without versions that are only kept for a rollback.
    func thinningMakesRoom(for failure: RestoreReport.Failure) -> Bool {
        guard case .outOfMemory(let shortage) = failure.error else { return false }
        let thinnable = publisher.current.entries.reduce(0) { $0 + $1.thinnableBytes }
        return thinnable > 0 && shortage.needed <= shortage.limit - (shortage.used - thinnable)
    }

    /// Lets go of all of those.
    func thin(_ state: State) { _ = swap(publisher.current.entries.map { $0.thinned() }, state) }

    /// Keeps models for the next try, and counts what they hold.
    func keepSpare(_ models: [ServedModel], _ state: inout State) {
        state.spare = models
        spareBytes.store(models.reduce(0) { $0 + $1.memoryBytes }, ordering: .relaxed)
    }

    /// What serves without the versions of a model that are only kept for a rollback; nil where it has none.
    private func entries(thinning name: String) -> [PooledModel]? {
        guard let entry = publisher.current.entry(named: name), entry.isThinnable else { return nil }
        return entriesServing(without: name) + [entry.thinned()]
    }

    private func admit(_ needed: Int, besides others: Int) throws(PublishError) {
        guard let limit = limits.memoryBytesMax else { return }
        let used = memoryBytes + others
        guard needed <= limit - used else {
            throw .outOfMemory(MemoryShortage(needed: needed, used: used, limit: limit))
        }
    }
}

extension PooledModel {
    /// Whether versions are kept that are neither the current one nor have an alias.
    fileprivate var isThinnable: Bool { versions.count > thinnedVersions.count }

    /// What they hold.
    fileprivate var thinnableBytes: Int {
        versions.reduce(0) { $0 + $1.memoryBytes } - thinnedVersions.reduce(0) { $0 + $1.memoryBytes }
    }

    /// Without those.
    fileprivate func thinned() -> PooledModel {
        PooledModel(
            current: current, versions: thinnedVersions, aliases: aliases, shadowPolicy: shadowPolicy,
            generation: generation)
    }

    private var thinnedVersions: [ServedModel] {
        versions.filter { version in version === current || aliases.contains { $0.model === version } }
    }
}

extension ServedModel {
    /// Whether it is that version of that model.
    fileprivate func `is`(_ stored: StoredModel.Version, of name: String) -> Bool {
        version == stored.number && digest == stored.digest && generation == stored.generation && self.name == name
    }
}

extension RestoreReport.Failure {
    /// Whether it is of the same bytes under the same number.
    func isSame(_ other: RestoreReport.Failure) -> Bool {
        version == other.version && digest == other.digest && name == other.name
    }

    fileprivate func isSame(_ stored: StoredModel.Version, of name: String) -> Bool {
        version == stored.number && digest == stored.digest && self.name == name
    }
}
