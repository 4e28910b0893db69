internal import Synchronization
internal import Telemetry

// What of the registry talks to the store. Called while its lock is held.
extension ModelRegistry {
    /// Commits a change of one model. If another writer takes the generation first, its manifest is read and the change
    /// is made again on top of it, so that neither is lost.
    /// - Parameters:
    ///   - state: what we know of the store.
    ///   - check: throws if the change is not wanted on top of what is known, or of what the other writer has
    ///     committed.
    ///   - change: the model as of that generation; nil takes it out.
    ///   - name: the model's.
    ///   - defaultName: the model that is to be the default; nil leaves it as the store has it.
    /// - Throws: what the store, `check` or `change` throws, and `conflict` if other writers are faster again and
    ///   again.
    func commit(
        _ state: inout State, check: (State) throws(PublishError) -> Void,
        change: (State, Int) throws(PublishError) -> StoredModel?, to name: String, defaultName: String? = nil
    ) throws(PublishError) {
        var rebases = 0
        while true {
            let changed = try judged(&state) { (state: State) throws(PublishError) -> StoredModel? in
                try checkReadable(state)
                try check(state)
                return try change(state, state.highestGeneration + 1)
            }
            let generation = state.highestGeneration + 1
            let others = (state.manifest?.models ?? []).filter { $0.name != name }
            let models = others + (changed.map { [$0] } ?? [])
            let before = state.manifest?.defaultName
            // A name of our own becomes everybody's once everybody has the model.
            let own = state.defaultName.flatMap { name in models.contains { $0.name == name } ? name : nil }
            let next = defaultName ?? before ?? own
            let manifest = StoreManifest(
                generation: generation, created: system.unixSeconds(),
                models: models.map { $0.name == before && before != next ? $0.touched(in: generation) : $0 },
                defaultName: next, retired: state.retired.after(changed, named: name, in: state.manifest))
            do throws(StoreError) {
                try store.commit(manifest)
                state.manifest = manifest
                state.retired = manifest.retired
                state.highestGeneration = manifest.generation
                return
            } catch {
                guard error.kind == .generationTaken else { throw .store(error) }
                guard rebases < limits.rebasesMax else { throw .conflict }
                rebases += 1
                try refreshOrThrow(&state)
            }
        }
    }

    private func checkReadable(_ state: State) throws(PublishError) {
        guard let unreadable = state.unreadable else { return }
        throw .store(
            StoreError(
                unreadable.kind, while: "committing",
                detail: "the store's newest manifest cannot be read, and nothing is written over it; restore it, or "
                    + "move it away (the log has its path): \(unreadable.detail)",
                path: unreadable.path))
    }

    /// Judges a change by what is known of the store. Another writer may have changed that: what is refused for it is
    /// judged once more by what the store says now, if it can be seen.
    func judged<Judgement>(
        _ state: inout State, by judge: (State) throws(PublishError) -> Judgement
    ) throws(PublishError) -> Judgement {
        do throws(PublishError) {
            return try judge(state)
        } catch {
            guard error.isOfModels, hasNews(&state) else { throw error }
        }
        return try judge(state)
    }

    /// Looks at the store.
    /// - Returns: whether another writer has changed it; not where it cannot be seen.
    private func hasNews(_ state: inout State) -> Bool {
        guard store.keepsBlobs else { return false }
        let known = state.manifest?.generation
        guard (try? refresh(&state)) != nil else { return false }
        return state.manifest?.generation != known
    }

    /// A change stands on what the store says, and not on what a cache has said. Called before anything of it is looked
    /// up.
    func seeStore(_ state: inout State) throws(PublishError) {
        if state.cachedSince != nil { try refreshOrThrow(&state) }
    }

    private func refreshOrThrow(_ state: inout State) throws(PublishError) {
        do {
            try refresh(&state)
        } catch {
            throw .store(error)
        }
    }

    @discardableResult
    func refresh(_ state: inout State) throws(StoreError) -> ManifestLookup {
        let lookup = try store.newestManifest()
        for skipped in lookup.skipped {
            log.error(
                "a manifest was passed over: \(skipped)", LogField("path", .text(skipped.path ?? "")))
        }
        if let manifest = lookup.manifest, manifest.generation != state.manifest?.generation {
            state.retired.take(manifest, after: state.manifest)
        }
        state.manifest = lookup.manifest
        state.cachedSince = nil
        state.cachedComplete = .max
        state.unreadable = lookup.skipped.first
        state.highestGeneration = max(state.highestGeneration, lookup.highestGeneration)
        return lookup
    }

    /// Removes some of what the store does not need any more, where that is due. It waits for the store and not for
    /// publishes, nor they for it: called from one thread that no client waits for.
    package func collectStore() {
        let start = system.clock()
        guard store.isWritable, collecting.withLock({ $0.isDue(at: start) }) else { return }
        var isOver = true
        do throws(StoreError) {
            let removed = try store.collect(manifestsKept: limits.manifestsKept, graceSeconds: limits.graceSeconds)
            isOver = removed.isOver
            if !removed.isEmpty {
                log.info(
                    "collected the store", LogField("manifests", .integer(removed.manifests)),
                    LogField("blobs", .integer(removed.blobs)), LogField("bytes", .integer(removed.bytes)))
            }
        } catch {
            log.warning("the store could not be collected: \(error)", LogField("path", .text(error.path ?? "")))
        }
        let end = system.clock()
        collecting.withLock { $0.ended(at: end, nanoseconds: end &- start, isOver: isOver) }
    }
}
