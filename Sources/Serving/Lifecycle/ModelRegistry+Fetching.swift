internal import Synchronization

// What of the registry fetches files from a store far away: on threads that may wait, with nothing held that operations
// wait for. An operation takes what has been fetched for it, and asks the store for none.
extension ModelRegistry {
    /// What an operation goes by for which nothing has been fetched.
    package var noFiles: ModelFiles { store.isFarAway ? .none : .stored }

    /// Whom to tell that an operation has seen what other writers have committed and nobody has fetched yet.
    /// - Parameter tell: called on the control thread; waits for nothing.
    package func onLacking(_ tell: @escaping @Sendable () -> Void) { lacking.withLock { $0 = tell } }

    /// Files that were fetched together, for `follow`.
    package struct Batch: Sendable {
        package let files: ModelFiles
        /// Whether there are more that were left for the next batch.
        package let hasMore: Bool
    }

    /// Fetches some of what a manifest names and is not loaded, as far as it is its time.
    /// - Parameter isStopping: asked between two files.
    package func fetchBatch(for manifest: StoreManifest?, unless isStopping: () -> Bool) -> Batch {
        guard store.isFarAway, let manifest else { return Batch(files: noFiles, hasMore: false) }
        return fetchBatch(missing(in: manifest), unless: isStopping)
    }

    /// Fetches some of the versions that are kept for a rollback and are not loaded, for `housekeep`.
    /// - Returns: nil where there is nothing to fetch.
    package func fetchKeptBatch(unless isStopping: () -> Bool) -> Batch? {
        guard store.isFarAway else { return nil }
        let versions = keptMissing()
        return versions.isEmpty ? nil : fetchBatch(versions, unless: isStopping)
    }

    /// Fetches what an operation has lacked, so that it can be done again. Waits for the store.
    func fetch(_ versions: [StoredModel.Version], into files: ModelFiles) -> ModelFiles {
        var files = files
        for version in versions { files.fetch(version, from: store) }
        files.endRound()
        return files
    }

    private func fetchBatch(_ versions: [StoredModel.Version], unless isStopping: () -> Bool) -> Batch {
        var files = noFiles
        var bytes = 0
        for version in versions {
            guard bytes < limits.fetchedBytesMax, !isStopping() else { return Batch(files: files, hasMore: true) }
            files.fetch(version, from: store)
            bytes += version.byteCount
        }
        return Batch(files: files, hasMore: false)
    }

    /// What has to be loaded of a manifest: what is not, and has not failed a short while ago, and may find room.
    private func missing(in manifest: StoreManifest) -> [StoredModel.Version] {
        operations.withLock { state in
            var missing: [StoredModel.Version] = []
            for stored in manifest.models {
                for version in stored.versions where stored.needs(version) && !isLoaded(version, stored.name, state) {
                    let known = state.failures.first { $0.what.isSame(version, of: stored.name) }
                    guard known.map({ $0.isDue(at: system.clock()) }) ?? true,
                        version.byteCount <= limits.artifactBytesMax, mayFit(version, byThinning: true)
                    else { continue }
                    missing.append(version)
                }
            }
            return missing
        }
    }

    private func keptMissing() -> [StoredModel.Version] {
        operations.withLock { state in
            var missing: [StoredModel.Version] = []
            for stored in state.applied?.models ?? [] where state.lagging[stored.name] == nil {
                for version in stored.versions where !stored.needs(version) && !isLoaded(version, stored.name, state) {
                    guard !state.failures.contains(where: { $0.what.isSame(version, of: stored.name) }),
                        version.byteCount <= limits.artifactBytesMax, mayFit(version, byThinning: false)
                    else { continue }
                    missing.append(version)
                }
            }
            return missing
        }
    }

    /// Whether a version serves, or waits for the rest of its model.
    private func isLoaded(_ version: StoredModel.Version, _ name: String, _ state: State) -> Bool {
        state.spare.contains { $0.is(version, of: name) }
            || publisher.current.entry(named: name)?.versions.contains { $0.is(version, of: name) } ?? false
    }

    /// Whether there is room for what a version has held elsewhere.
    private func mayFit(_ version: StoredModel.Version, byThinning: Bool) -> Bool {
        guard let expected = version.memoryBytes else { return true }
        do throws(PublishError) {
            try admit(expected)
            return true
        } catch {
            guard byThinning, case .outOfMemory(let shortage) = error else { return false }
            return thinningMakesRoom(for: shortage)
        }
    }

    /// - Parameter number: of the version that the operation makes itself.
    /// - Throws: `notFetched` with what a model has to have and is neither loaded nor at hand.
    func demand(
        _ stored: StoredModel, besides number: Int? = nil, _ files: ModelFiles, _ state: State
    ) throws(PublishError) {
        let lacking = stored.versions.filter { version in
            stored.needs(version) && version.number != number && !files.has(version)
                && !isLoaded(version, stored.name, state)
        }
        guard lacking.isEmpty else { throw files.refusal ?? .notFetched(lacking) }
    }
}
