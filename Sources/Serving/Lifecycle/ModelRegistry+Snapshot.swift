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
        var failures: [LoadFailure] = []
        /// Names whose entry is not what the manifest says.
        var lagging: Set<String> = []
        /// Whether something was tried to be loaded that could not be.
        var hasFreshFailure = false

        /// Versions that have to be there and are not, for want of memory.
        var shortages: [MemoryShortage] {
            failures.compactMap { failure in
                guard failure.isNeeded, case .outOfMemory(let shortage) = failure.what.error else { return nil }
                return shortage
            }
        }
    }

    /// Loads what of the manifest is not loaded yet. A model whose current version cannot be loaded, or a version that
    /// has an alias by which the model answers now, goes on as it serves now; models that were named at the start and
    /// are not in the manifest stay.
    /// - Parameters:
    ///   - made: models that are loaded and do not serve, among them the spare ones.
    ///   - files: what can be loaded; what it lacks is left for now.
    func assemble(
        _ manifest: StoreManifest, _ state: State, made: [ServedModel], loads: Loading, _ files: ModelFiles
    ) -> Snapshot {
        var snapshot = Snapshot()
        // Of the spare ones it is known already what they hold.
        var madeBytes = made.reduce(0) { $0 + $1.memoryBytes } - spareBytes.load(ordering: .relaxed)
        let pool = publisher.current
        let failed = FailureIndex(state.failures)
        for stored in manifest.models {
            let serving = pool.entry(named: stored.name)
            var loaded: [ServedModel] = []
            var missing: Set<Int> = []
            for version in stored.versions {
                let isNeeded = stored.needs(version)
                if let model = (made + (serving?.versions ?? [])).first(where: { $0.is(version, of: stored.name) }) {
                    loaded.append(model)
                    if made.contains(where: { $0 === model }) { snapshot.made.append(model) }
                    continue
                }
                let known = failed[version, stored.name]?.of(needed: isNeeded, at: system.clock())
                guard store.keepsBlobs, isNeeded || loads == .all else {
                    // Of a store that is near it is tried again whenever something changes: what may pass is forgotten.
                    if let known, store.isFarAway || known.isForGood { snapshot.failures.append(known) }
                    continue
                }
                if isNeeded { missing.insert(version.number) }
                if let known, !mayTry(known, isNeeded: isNeeded, at: system.clock()) {
                    snapshot.failures.append(known)
                    continue
                }
                do throws(PublishError) {
                    guard snapshot.entries.count < limits.modelsMax else {
                        throw .tooManyModels(modelsMax: limits.modelsMax)
                    }
                    let model = try load(version, of: stored.name, besides: madeBytes, files)
                    madeBytes += model.memoryBytes
                    missing.remove(version.number)
                    loaded.append(model)
                    snapshot.made.append(model)
                } catch {
                    let isFresh = !error.isNotFetched
                    if isFresh { snapshot.hasFreshFailure = true }
                    if !isFresh, let known {
                        snapshot.failures.append(known)
                    } else if isFresh || isNeeded {
                        snapshot.failures.append(
                            fail(error, version, of: stored.name, isNeeded: isNeeded, after: known))
                    }
                }
            }
            if !missing.isEmpty { snapshot.lagging.insert(stored.name) }
            let losesAlias =
                serving?.aliases.contains { stored.aliases[$0.name].map(missing.contains) ?? false } ?? false
            let next = losesAlias ? nil : PooledModel(stored, loaded: loaded)
            if let entry = next ?? serving { snapshot.entries.append(entry) }
        }
        let names = Set(snapshot.entries.map(\.name))
        snapshot.entries += pool.entries.filter { state.staticNames.contains($0.name) && !names.contains($0.name) }
        return snapshot
    }

    /// Whether it is time to try again what could not be loaded. What is only kept for a rollback is read from a disk
    /// once, and not each time when there is nothing else to do.
    private func mayTry(_ failure: LoadFailure, isNeeded: Bool, at now: UInt64) -> Bool {
        failure.isDue(at: now) && (isNeeded || store.isFarAway)
    }

    private func fail(
        _ error: PublishError, _ version: StoredModel.Version, of name: String, isNeeded: Bool,
        after known: LoadFailure?
    ) -> LoadFailure {
        LoadFailure(
            RestoreReport.Failure(name: name, version: version.number, digest: version.digest, error: error),
            isNeeded: isNeeded, after: known, limits: limits, clock: system.clock(), now: system.unixSeconds())
    }

    /// Logs what could not be loaded: once, and not at each try while it lasts.
    /// - Parameter known: what could not be loaded before.
    func tell(_ failures: [LoadFailure], besides known: FailureIndex) {
        for failure in failures where !failure.what.error.isNotFetched {
            guard known[failure]?.what.error != failure.what.error else { continue }
            let fields = [
                LogField("model", .text(failure.what.name)), LogField("version", .integer(failure.what.version)),
                LogField("reason", .text("\(failure.what.error)")),
            ]
            if failure.isShortage, !failure.isNeeded {
                log.log(.info, "no room for a version that is only kept for a rollback", fields)
            } else {
                log.log(.error, "a stored model cannot be served", fields)
            }
        }
    }

    /// Makes what the newest known manifest names serve, in one swap; a model that cannot be loaded lags, alone.
    /// - Parameters:
    ///   - made: versions that this operation has made.
    ///   - always: whether there is a swap even if nothing has changed.
    ///   - files: what can be loaded.
    /// - Returns: whether all loops have let go of what was replaced; nil where there was no swap.
    func adopt(_ state: inout State, made: [ServedModel], always: Bool = false, _ files: ModelFiles) -> Bool? {
        let manifest = state.manifest ?? StoreManifest(generation: 0, created: 0, models: [], defaultName: nil)
        // Only what is so in the end: there may be room after all.
        let known = FailureIndex(state.failures)
        defer { tell(state.failures, besides: known) }
        var snapshot = assemble(manifest, state, made: made + state.spare, loads: .needed, files)
        let needs = VersionNeeds(state, lagging: snapshot.lagging)
        let missed = snapshot.shortages
        if snapshot.hasFreshFailure, missed.contains(where: { thinningMakesRoom(for: $0, needs) }) {
            keepSpare(snapshot.made.filter { model in !made.contains { $0 === model } }, &state)
            // It holds some of what is to go.
            snapshot = Snapshot()
            thin(by: missed.reduce(0) { $0 + $1.needed } - (missed.map(\.room).min() ?? 0), needs, state)
            tryAgain(&state)
            snapshot = assemble(manifest, state, made: made + state.spare, loads: .needed, files)
        }
        state.failures = snapshot.failures
        guard always || manifest.generation > state.applied?.generation ?? 0 || isNew(snapshot, state) else {
            keepSpare(snapshot.made, &state)
            return nil
        }
        var isDrained = apply(snapshot, of: manifest, &state)
        let shortages = snapshot.shortages
        // It holds some of what may go now.
        snapshot = Snapshot()
        if shortages.contains(where: { fits($0) }) {
            // What has just gone has made room.
            tryAgain(&state)
            snapshot = assemble(manifest, state, made: state.spare, loads: .needed, files)
            state.failures = snapshot.failures
            isDrained = apply(snapshot, of: manifest, &state) && isDrained
        }
        return isDrained
    }

    /// What found no room is due.
    private func tryAgain(_ state: inout State) {
        let now = system.clock()
        state.failures = state.failures.map { $0.isShortage ? $0.due(at: now) : $0 }
    }

    /// Whether it has models that do not serve, or others lag than before.
    private func isNew(_ snapshot: Snapshot, _ state: State) -> Bool {
        let current = publisher.current
        return snapshot.lagging != Set(state.lagging.keys)
            || snapshot.entries.contains { $0.versions.contains { !current.contains($0) } }
    }

    /// Swaps a snapshot in, and keeps in mind how far each model of it is.
    private func apply(_ snapshot: Snapshot, of manifest: StoreManifest, _ state: inout State) -> Bool {
        let applied = state.applied
        var lagging: [String: Int] = [:]
        var models: [StoredModel] = []
        for stored in manifest.models {
            guard snapshot.lagging.contains(stored.name) else {
                models.append(stored)
                continue
            }
            let before = applied?.model(named: stored.name)
            let entry = snapshot.entries.first { $0.name == stored.name }
            if let before, let entry, entry.etag == before.etag, before.generation < stored.generation {
                // It serves as it did, and what it serves was true up to there.
                models.append(before)
                lagging[stored.name] = state.lagging[stored.name] ?? applied?.generation ?? 0
            } else {
                models.append(stored)
                // Where something serves it is nothing of what it was before, so that no answer can be too old. Where
                // nothing does, that there is no such model is true up to what serves now.
                let absent = state.lagging[stored.name] ?? applied?.generation ?? 0
                lagging[stored.name] = entry == nil ? absent : stored.generation - 1
            }
        }
        if state.cachedComplete < manifest.generation {
            // Which of them lagged when they were cached is not known any more.
            for model in models { lagging[model.name] = min(lagging[model.name] ?? .max, state.cachedComplete) }
        }
        state.lagging = lagging
        if state.manifest != nil { takeDefault(of: manifest, snapshot, &state) }
        let next = StoreManifest(
            generation: manifest.generation, created: manifest.created, models: models,
            defaultName: state.defaultLagging == nil ? manifest.defaultName : state.defaultName,
            retired: manifest.retired)
        state.applied = next
        if state.cachedSince == nil { state.servesCache = false }
        // What an earlier run has kept is not given up for what is only named so far.
        let isEarly = state.cached == nil && state.failures.contains { isAwaited($0, in: snapshot) }
        if state.cachedSince == nil, !isEarly {
            let cached = CachedManifest(manifest: next, complete: state.servedGeneration)
            if next.generation > 0, state.cached != cached {
                store.cache(cached)
                state.cached = cached
            }
        }
        forgetStatics(&state, snapshot.entries)
        let isDrained = swap(snapshot.entries, state)
        let current = publisher.current
        var spare: [ServedModel] = []
        for model in snapshot.made + state.spare where !current.contains(model) && manifest.names(model) {
            if !spare.contains(where: { $0 === model }) { spare.append(model) }
        }
        keepSpare(spare, &state)
        retireMetrics(state)
        return isDrained
    }

    /// Takes the series out of names of which nothing serves and nothing waits for the rest of its model.
    func retireMetrics(_ state: State) {
        metrics.retire(besides: Set(publisher.current.names).union(state.spare.map(\.name)))
    }

    /// Whether a model of which nothing serves waits for the store.
    private func isAwaited(_ failure: LoadFailure, in snapshot: Snapshot) -> Bool {
        failure.isNeeded && failure.isAwaited && !snapshot.entries.contains { $0.name == failure.what.name }
    }

    /// The default model is the manifest's. Where that one cannot be loaded, the one before goes on in its place.
    private func takeDefault(of manifest: StoreManifest, _ snapshot: Snapshot, _ state: inout State) {
        guard !state.hasNamedDefault else { return }
        func serves(_ name: String?) -> Bool { snapshot.entries.contains { $0.name == name } }
        let next = manifest.defaultName
        if let next, manifest.model(named: next) != nil, !serves(next), serves(state.defaultName) {
            state.defaultLagging = state.defaultLagging ?? state.applied?.generation ?? 0
        } else {
            state.defaultName = next
            state.defaultLagging = nil
        }
    }

    /// Loads the versions that a model has to have and that are not loaded. Versions that are only kept for a rollback
    /// make room for them, if that is enough.
    /// - Returns: these, behind those of `made`.
    /// - Throws: where one of them cannot be loaded, what is the matter with it.
    func load(
        neededBy stored: StoredModel, besides made: [ServedModel], _ state: State, _ files: ModelFiles
    ) throws(PublishError) -> [ServedModel] {
        try demand(stored, files, state)
        let lacking = lacking(stored, besides: made, state)
        if let first = lacking.first, !store.keepsBlobs {
            // It has gone for want of memory, and was nowhere else.
            let known = publisher.current.entry(named: stored.name)?.versions.map(\.version) ?? []
            throw .unknownVersion(name: stored.name, version: String(first.number), known: known)
        }
        var made = made
        var bytes = made.reduce(0) { $0 + $1.memoryBytes }
        let expected = lacking.reduce(0) { $0 + ($1.memoryBytes ?? 0) }
        try makeRoom(for: bytes + expected, first: stored.name, VersionNeeds(state, changed: stored), state)
        for version in lacking {
            if !files.has(version), let refusal = files.refusal { throw refusal }
            let model = try load(version, of: stored.name, besides: bytes, files)
            bytes += model.memoryBytes
            made.append(model)
        }
        return made
    }

    /// The versions that a model has to have, and that neither serve nor are at hand.
    private func lacking(
        _ stored: StoredModel, besides made: [ServedModel], _ state: State
    ) -> [StoredModel.Version] {
        let loaded = made + state.spare + (publisher.current.entry(named: stored.name)?.versions ?? [])
        return stored.versions.filter { version in
            stored.needs(version) && !loaded.contains { $0.is(version, of: stored.name) }
        }
    }

    /// - Parameter others: bytes of models that have been loaded and that nobody counts yet.
    /// - Throws: `notFetched` where `files` lacks it.
    private func load(
        _ version: StoredModel.Version, of name: String, besides others: Int, _ files: ModelFiles
    ) throws(PublishError) -> ServedModel {
        guard version.byteCount <= limits.artifactBytesMax else { throw .tooLarge(bytesMax: limits.artifactBytesMax) }
        // What cannot fit is not fetched. What it holds here is known when it has been compiled.
        if let expected = version.memoryBytes { try admit(expected, besides: others) }
        guard files.has(version) else { throw .notFetched([version]) }
        let built = try builder.build({ () throws(StoreError) in try files.bytes(of: version, in: store) }) {
            (bytes) throws(PublishError) in try admit(bytes, besides: others)
        }
        return served(
            name, version.number, digest: version.digest, generation: version.generation, built,
            byteCount: version.byteCount)
    }

    /// Makes what was just committed serve. What other writers have committed in the meantime is loaded as well; where
    /// that fails, the rest serves and the status says what does not.
    /// - Parameters:
    ///   - made: versions that this operation has made.
    ///   - files: what can be loaded.
    /// - Returns: whether all loops have let go of what was replaced.
    func show(_ state: inout State, made: [ServedModel], _ files: ModelFiles) -> Bool {
        let isDrained = adopt(&state, made: made, always: true, files) ?? true
        note(state)
        askForFiles(state)
        return isDrained
    }

    /// Loads versions that are kept for a rollback and are not loaded.
    /// - Returns: whether there are some more now.
    func complete(_ state: inout State, _ files: ModelFiles) -> Bool {
        guard store.keepsBlobs, let manifest = state.applied else { return false }
        let pool = publisher.current
        let failed = FailureIndex(state.failures)
        let now = system.clock()
        let isMissing = manifest.models.contains { stored in
            state.lagging[stored.name] == nil
                && stored.versions.contains { version in
                    files.has(version)
                        && failed[version, stored.name].map { mayTry($0, isNeeded: false, at: now) } ?? true
                        && pool.entry(named: stored.name)?.version(version.number) == nil
                }
        }
        guard isMissing else { return false }
        // A model that lags is left to the next try of what it waits for.
        let ahead = manifest.models.filter { state.lagging[$0.name] == nil }
        let snapshot = assemble(
            StoreManifest(
                generation: manifest.generation, created: manifest.created, models: ahead,
                defaultName: manifest.defaultName),
            state, made: state.spare, loads: .all, files)
        state.failures = state.failures.filter { state.lagging[$0.what.name] != nil } + snapshot.failures
        tell(state.failures, besides: failed)
        guard !snapshot.made.isEmpty else { return false }
        let names = Set(snapshot.entries.map(\.name))
        let others = publisher.current.entries.filter { state.lagging[$0.name] != nil && !names.contains($0.name) }
        _ = swap(snapshot.entries + others, state)
        keepSpare(state.spare.filter { state.lagging[$0.name] != nil }, &state)
        return true
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
            generation: PoolGeneration(
                complete: max(state.servedGeneration, publisher.current.generation),
                applied: state.applied?.generation ?? 0, lagging: state.lagging,
                defaultLagging: state.defaultLagging),
            timeout: limits.drainTimeout)
        if !isDrained { log.warning("a loop is slow to take the new models; the old ones stay in memory until it has") }
        let gone = before.subtracting(entries.map(\.name))
        followed.withLock { $0.settle(entries.map(\.name)) }
        reclaim(gone.isEmpty ? .inAPause : .now)
        return isDrained
    }

    /// A model that was named at the start, and that the store has by now, goes when the store's goes.
    func forgetStatics(_ state: inout State, _ entries: [PooledModel]) {
        guard let manifest = state.manifest, !state.staticNames.isEmpty else { return }
        for entry in entries where manifest.model(named: entry.name)?.etag == entry.etag {
            state.staticNames.remove(entry.name)
        }
    }

    func reclaim(_ urgency: MemoryRelease = .inAPause) {
        // Trimming costs milliseconds: only for what is worth it.
        if publisher.reclaim() >= 1 << 20 { releaseMemory(urgency) }
    }
}

extension StoreManifest {
    /// Whether a version that is loaded is one of its.
    fileprivate func names(_ model: ServedModel) -> Bool {
        self.model(named: model.name)?.version(model.version).map { model.is($0, of: model.name) } ?? false
    }
}

extension ServedModel {
    /// Whether it is that version of that model.
    func `is`(_ stored: StoredModel.Version, of name: String) -> Bool {
        version == stored.number && digest == stored.digest && generation == stored.generation && self.name == name
    }
}
