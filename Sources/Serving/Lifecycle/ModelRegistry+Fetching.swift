internal import Synchronization

// What of the registry knows which files are still in a store far away. An operation takes what has been fetched for it
// and asks the store for none: threads fetch that may wait, with nothing held that operations wait for.
extension ModelRegistry {
    /// What an operation goes by for which nothing has been fetched.
    package var noFiles: ModelFiles { store.isFarAway ? .none : .stored }

    /// Whom to tell that an operation has left something to be fetched.
    /// - Parameter tell: called on the control thread; waits for nothing.
    package func onLacking(_ tell: @escaping @Sendable () -> Void) { lacking.withLock { $0 = tell } }

    /// Tells of what is needed, and is to be fetched.
    func askForFiles(_ state: State) {
        guard store.isFarAway, state.failures.contains(where: { $0.isNeeded && $0.isDue(at: system.clock()) })
        else { return }
        lacking.withLock { $0 }?()
    }

    /// What is to be fetched of a store far away, the most urgent first: what the newest known manifest needs and has
    /// not failed, then what is tried again; where there is none of that, what is kept for a rollback. Nothing that
    /// finds no room.
    package func missing() -> [StoredModel.Version] {
        guard store.isFarAway else { return [] }
        return operations.withLock { state in
            guard let manifest = loadable(state) else { return [] }
            let known = FailureIndex(state.failures)
            let now = system.clock()
            var fresh: [StoredModel.Version] = []
            var again: [StoredModel.Version] = []
            for stored in manifest.models {
                for version in stored.versions where stored.needs(version) && !isLoaded(version, stored.name, state) {
                    let failure = known[version, stored.name]
                    guard failure?.isDue(at: now) ?? true, mayBeLoaded(version, byThinning: state) else { continue }
                    if failure?.what.error.isNotFetched ?? true { fresh.append(version) } else { again.append(version) }
                }
            }
            let needed = fresh + again
            return needed.isEmpty ? keptMissing(state, known, now) : needed
        }
    }

    /// What is to be loaded: what the store itself has named, and nothing older than what serves.
    func loadable(_ state: State) -> StoreManifest? {
        guard let manifest = state.manifest, state.cachedSince == nil,
            manifest.generation >= state.applied?.generation ?? 0
        else { return nil }
        return manifest
    }

    private func keptMissing(_ state: State, _ known: FailureIndex, _ now: UInt64) -> [StoredModel.Version] {
        var missing: [StoredModel.Version] = []
        for stored in state.applied?.models ?? [] where state.lagging[stored.name] == nil {
            for version in stored.versions where !stored.needs(version) && !isLoaded(version, stored.name, state) {
                guard known[version, stored.name]?.isDue(at: now) ?? true, mayBeLoaded(version)
                else { continue }
                missing.append(version)
            }
        }
        return missing
    }

    /// The file of a version, or why it cannot be had. Waits for the store.
    func file(of version: StoredModel.Version) -> ModelFiles.Outcome {
        do throws(StoreError) {
            return .success(try store.blob(version.digest, bytesMax: version.byteCount))
        } catch {
            return .failure(error)
        }
    }

    /// Fetches what an operation has lacked, so that it can be done again. Waits for the store.
    func fetch(_ versions: [StoredModel.Version], into files: ModelFiles) -> ModelFiles {
        // Somebody asks: that the store could not be seen a while ago is no answer.
        _ = try? store.newestManifest()
        var files = files
        for version in versions where !files.has(version) { files.add(file(of: version), of: version) }
        files.endRound()
        return files
    }

    /// Whether a version serves, or waits for the rest of its model.
    private func isLoaded(_ version: StoredModel.Version, _ name: String, _ state: State) -> Bool {
        state.spare.contains { $0.is(version, of: name) }
            || publisher.current.entry(named: name)?.versions.contains { $0.is(version, of: name) } ?? false
    }

    /// Whether there is room for what a version has held elsewhere, as far as it is known.
    /// - Parameter state: given where versions that are only kept for a rollback may go for it.
    private func mayBeLoaded(_ version: StoredModel.Version, byThinning state: State? = nil) -> Bool {
        guard version.byteCount <= limits.artifactBytesMax else { return false }
        guard let expected = version.memoryBytes else { return true }
        do throws(PublishError) {
            try admit(expected)
            return true
        } catch {
            guard let state, case .outOfMemory(let shortage) = error else { return false }
            return thinningMakesRoom(for: shortage, VersionNeeds(state))
        }
    }

    /// - Parameter number: of the version that the operation makes itself.
    /// - Throws: `notFetched` with what a model has to have, is not loaded and not at hand, and may be loaded now.
    func demand(
        _ stored: StoredModel, besides number: Int? = nil, _ files: ModelFiles, _ state: State
    ) throws(PublishError) {
        let lacking = stored.versions.filter { version in
            stored.needs(version) && version.number != number && !files.has(version)
                && !isLoaded(version, stored.name, state) && mayBeLoaded(version, byThinning: state)
                && !hasFailed(version, of: stored.name, state)
        }
        guard lacking.isEmpty else { throw files.refusal ?? .notFetched(lacking) }
    }

    /// Whether a version could not be loaded, and it is not time to try it again.
    private func hasFailed(_ version: StoredModel.Version, of name: String, _ state: State) -> Bool {
        FailureIndex(state.failures)[version, name].map { !$0.isDue(at: system.clock()) } ?? false
    }
}
