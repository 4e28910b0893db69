internal import Synchronization

// What of the registry keeps to the memory that models may have. Called while its lock is held.
extension ModelRegistry {
    /// - Throws: `outOfMemory` where a model of so many bytes finds no room.
    func admit(_ needed: Int) throws(PublishError) { try admit(needed, besides: 0) }

    /// The same where versions that are only kept for a rollback may go.
    func admitByThinning(_ needed: Int, _ state: State) throws(PublishError) {
        try admit(needed, besides: -thinnableBytes(VersionNeeds(state)))
    }

    /// - Parameter others: bytes of models that have been loaded and that nobody counts yet.
    func admit(_ needed: Int, besides others: Int) throws(PublishError) {
        guard let limit = limits.memoryBytesMax else { return }
        let shortage = MemoryShortage(needed: needed, used: memoryBytes + others, limit: limit)
        guard needed <= shortage.room else { throw .outOfMemory(shortage) }
    }

    /// Where memory is short, versions that are only kept for a rollback go, the oldest first, no more than it takes.
    /// - Parameters:
    ///   - needed: bytes.
    ///   - name: of a model whose versions go before others'.
    /// - Throws: `outOfMemory` where that is not enough; then all of them stay.
    func makeRoom(
        for needed: Int, first name: String, _ needs: VersionNeeds, _ state: State
    ) throws(PublishError) {
        guard let limit = limits.memoryBytesMax, needed > limit - memoryBytes else { return }
        try admit(needed, besides: -thinnableBytes(needs))
        thin(by: needed - (limit - memoryBytes), first: name, needs, state)
        try admit(needed)
    }

    /// Whether what could not be loaded fits now.
    func fits(_ shortage: MemoryShortage) -> Bool { (try? admit(shortage.needed)) != nil }

    /// Whether what could not be loaded fits without versions that are only kept for a rollback.
    func thinningMakesRoom(for shortage: MemoryShortage, _ needs: VersionNeeds) -> Bool {
        let thinnable = thinnableBytes(needs)
        return thinnable > 0 && shortage.needed <= shortage.room + thinnable
    }

    /// Lets go of versions that are only kept for a rollback.
    /// - Parameters:
    ///   - bytes: how much is to be free then, if there is as much.
    ///   - name: of a model whose versions go before others'.
    func thin(by bytes: Int, first name: String? = nil, _ needs: VersionNeeds, _ state: State) {
        _ = swap(entries(thinnedBy: bytes, first: name, needs), state)
    }

    /// Keeps models for the next try, and counts what they hold.
    func keepSpare(_ models: [ServedModel], _ state: inout State) {
        state.spare = models
        spareBytes.store(models.reduce(0) { $0 + $1.memoryBytes }, ordering: .relaxed)
    }

    private func thinnableBytes(_ needs: VersionNeeds) -> Int {
        publisher.current.entries.reduce(0) { sum, entry in
            entry.versions.reduce(sum) { $0 + (needs.contains($1, of: entry) ? 0 : $1.memoryBytes) }
        }
    }

    private func entries(thinnedBy bytes: Int, first name: String?, _ needs: VersionNeeds) -> [PooledModel] {
        let entries = publisher.current.entries
        let thinnable = entries.flatMap { entry in entry.versions.filter { !needs.contains($0, of: entry) } }
        var gone: Set<ObjectIdentifier> = []
        var left = bytes
        func place(_ version: ServedModel) -> (Int, Int) { (version.name == name ? 0 : 1, version.generation) }
        for version in thinnable.sorted(by: { place($0) < place($1) }) {
            guard left > 0 else { break }
            gone.insert(ObjectIdentifier(version))
            left -= version.memoryBytes
        }
        return entries.map { entry in
            PooledModel(
                current: entry.current, versions: entry.versions.filter { !gone.contains(ObjectIdentifier($0)) },
                aliases: entry.aliases, shadowPolicy: entry.shadowPolicy, generation: entry.generation)
        }
    }
}

/// Which versions are more than kept for a rollback.
struct VersionNeeds {
    private let manifest: StoreManifest?
    private let lagging: Set<String>
    private let changed: StoredModel?

    /// - Parameters:
    ///   - lagging: models that cannot serve as the newest known manifest says, so that it needs none of theirs; nil:
    ///     those that did not before this operation.
    ///   - changed: a model as it is about to be.
    init(_ state: ModelRegistry.State, lagging: Set<String>? = nil, changed: StoredModel? = nil) {
        manifest = state.manifest
        self.lagging = lagging ?? Set(state.lagging.keys)
        self.changed = changed
    }

    /// Whether it serves, has an alias, or is about to.
    func contains(_ version: ServedModel, of entry: PooledModel) -> Bool {
        if version === entry.current || entry.aliases.contains(where: { $0.model === version }) { return true }
        let stored = lagging.contains(entry.name) ? nil : manifest?.model(named: entry.name)
        return [stored, changed?.name == entry.name ? changed : nil].contains { model in
            model?.versions.contains { model?.needs($0) == true && version.is($0, of: entry.name) } ?? false
        }
    }
}
