internal import Synchronization
internal import Telemetry

// What of the registry goes after the store: at the start, and whenever somebody else has changed it.
extension ModelRegistry {
    /// Loads what the store's newest manifest names: of each model the current version and those with an alias; the
    /// others follow when there is time for them. A model whose blob is bad does not stop the others.
    /// - Throws: if the store cannot be read at all.
    package func restore() throws(StoreError) -> RestoreReport {
        try operations.withLock { (state: inout State) throws(StoreError) -> RestoreReport in
            let lookup = try refresh(&state)
            defer { note(state) }
            guard store.keepsBlobs, state.manifest != nil else {
                return RestoreReport(
                    generation: state.highestGeneration, restored: [], failures: [], skippedManifests: lookup.skipped)
            }
            return restored(&state, skipped: lookup.skipped, .stored)
        }
    }

    /// Loads what this machine's cache tells of an earlier run, where the store cannot be seen: the server goes on from
    /// there, and follows the store as soon as it can be seen.
    /// - Parameter reason: why it cannot be seen.
    /// - Returns: nil where there is no cache that can be used, or it has nothing of what it tells of.
    package func restoreCached(because reason: String) -> RestoreReport? {
        guard store.keepsBlobs, let cached = store.cachedManifest() else { return nil }
        let manifest = cached.manifest
        return operations.withLock { state in
            guard state.manifest == nil else { return nil }
            let snapshot = assemble(manifest, state, made: [], loads: .needed, .stored)
            tell(snapshot.failures, besides: FailureIndex([]))
            guard manifest.models.isEmpty || !snapshot.entries.isEmpty else { return nil }
            keepSpare(snapshot.made, &state)
            state.failures = snapshot.failures
            state.manifest = manifest
            state.highestGeneration = manifest.generation
            state.retired.take(manifest, after: nil)
            let now = system.unixSeconds()
            state.cachedSince = now
            state.cachedComplete = cached.complete
            state.servesCache = true
            let report = restored(&state, skipped: [], .stored)
            note(state)
            followed.withLock { $0.fail(reason, at: now) }
            return report
        }
    }

    /// Nothing is known of the store yet, and why.
    package func noteUnseen(because reason: String) {
        followed.withLock { $0.fail(reason, at: system.unixSeconds()) }
    }

    private func restored(_ state: inout State, skipped: [StoreError], _ files: ModelFiles) -> RestoreReport {
        let before = Set(publisher.current.models.map(ObjectIdentifier.init))
        // The store is collected when there is time: it reads every manifest of the last hour.
        _ = adopt(&state, made: [], always: true, files)
        return RestoreReport(
            generation: state.applied?.generation ?? 0,
            restored: publisher.current.models.filter { !before.contains(ObjectIdentifier($0)) },
            failures: state.failures.map(\.what), skippedManifests: skipped)
    }

    /// Looks at the store and makes its newest manifest serve, in one swap. A model that cannot be loaded goes on as it
    /// was, the status says why, and a later call tries it again.
    /// - Returns: whether something else serves now.
    /// - Throws: if the store cannot be read; the status says so, too.
    @discardableResult
    package func follow() throws(StoreError) -> Bool {
        do {
            return try operations.withLock { (state: inout State) throws(StoreError) -> Bool in
                try follow(&state, noFiles)
            }
        } catch {
            followed.withLock { $0.fail("\(error)", at: system.unixSeconds()) }
            throw error
        }
    }

    /// The same while the lock is held.
    /// - Parameter files: what can be loaded.
    @discardableResult
    func follow(_ state: inout State, _ files: ModelFiles) throws(StoreError) -> Bool {
        try refresh(&state)
        defer { note(state) }
        guard store.keepsBlobs, let manifest = state.manifest else { return false }
        let served = state.applied?.generation ?? 0
        let now = system.clock()
        let isDue = state.failures.contains { $0.isNeeded && $0.isDue(at: now) }
        let isSeen = manifest.generation == served && (isDue || state.servesCache)
        guard manifest.generation > served || isSeen,
            adopt(&state, made: [], always: state.servesCache, files) != nil
        else { return false }
        tellFollowed(state)
        return true
    }

    /// Goes on where `follow` has left what was not here.
    /// - Parameter files: what has been fetched of it.
    /// - Returns: whether something else serves now.
    @discardableResult
    package func load(_ files: ModelFiles) -> Bool {
        operations.withLock { state in
            guard loadable(state) != nil else { return false }
            defer { note(state) }
            let isNew = adopt(&state, made: [], files) != nil
            if isNew { tellFollowed(state) }
            return complete(&state, files) || isNew
        }
    }

    /// Once, and not for each part of what has come.
    private func tellFollowed(_ state: State) {
        guard !state.failures.contains(where: { $0.isNeeded && $0.what.error.isNotFetched }) else { return }
        log.info(
            "followed the store", LogField("generation", .integer(state.manifest?.generation ?? 0)),
            LogField("lagging_models", .integer(state.lagging.count)))
    }

    /// Whether something that could not be loaded is to be tried again. May be called from any thread.
    package var isRetryDue: Bool {
        guard let next = followed.withLock({ $0.nextTry }) else { return false }
        return Int64(bitPattern: system.clock() &- next) >= 0
    }

    /// Says to whoever asks how far we are.
    func note(_ state: State) {
        let needed = state.failures.filter(\.isNeeded)
        var lagging: [FollowStatus.LaggingModel] = []
        for failure in needed where lagging.last?.name != failure.what.name {
            lagging.append(
                FollowStatus.LaggingModel(
                    name: failure.what.name, version: failure.what.version,
                    servingVersion: servingVersion(failure.what.name), since: failure.since,
                    reason: "\(failure.what.error)"))
        }
        let isAwaiting = needed.contains { failure in
            failure.what.error.isNotFetched
                || failure.isAwaited && publisher.current.model(named: failure.what.name) == nil
        }
        let served = state.servedGeneration
        let newest = state.manifest?.generation ?? 0
        let wentBack =
            newest < state.applied?.generation ?? 0 && state.unreadable == nil
            ? "the store's newest generation is \(newest), older than what serves; a restart takes it" : nil
        let seen = state.unreadable == nil ? newest : state.highestGeneration
        followed.withLock { status in
            status.looked(
                seen: max(seen, served), served: served, lagging: lagging, isAwaiting: isAwaiting,
                hasFailed: state.unreadable != nil || wentBack != nil
                    || needed.contains { !$0.what.error.isNotFetched },
                failure: state.unreadable?.description ?? wentBack, nextTry: needed.compactMap(\.nextTry).min(),
                cachedSince: state.cachedSince, at: system.unixSeconds())
        }
    }
}
