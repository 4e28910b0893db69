package import Serving
internal import Synchronization

/// A collection goes over many requests, a bounded number of them a turn: the manifests from the newest to the oldest,
/// which are read or removed, and then the blobs.
///
/// **No blob that a manifest names is lost**, whoever dies or is late. A service has no act that removes an object only
/// if nobody has sent it again: its tag is that of the same bytes. So a blob is copied to a name that nobody uses twice
/// and only then removed. Where a manifest names it after all, since its writer came in between, every reader finds the
/// copy, and the next collection gives it back; a copy that nothing has named for the grace time goes.
///
/// **All times are the service's**: of its lists' entries, and of its answer's `Date`, without which nothing is
/// collected.
extension ObjectModelStore {
    /// How far a collection is.
    struct Sweep: Sendable {
        /// By the service's clock, when it began: nothing is older than it seems.
        let now: Int64
        let graceSeconds: Int
        /// What is still to be looked at; the newest is the last.
        var manifests: [(generation: Int, entry: ObjectEntry)]
        /// Manifests that stay.
        var kept = 0
        /// Whether the manifest that was looked at last is old: then the one before it is out of use. The newest has
        /// no successor.
        var isSuccessorOld = false
        /// What those in use name.
        var referenced: Set<ContentDigest> = []
        /// What is still to be looked at; nil before all manifests have been.
        var blobs: [ObjectEntry]?
        /// Blobs that lie under their own names.
        var present: Set<ContentDigest> = []

        func isOld(_ entry: ObjectEntry) -> Bool { now - entry.modifiedAt >= Int64(graceSeconds) }
    }

    /// Requests of one turn, more or less: a list counts as one, and what has been begun for a blob is finished.
    private static var requestsMax: Int { 32 }

    package func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection {
        var collection = StoreCollection()
        guard client.canList else { return collection }
        guard var sweep = try goOnOrBegin(graceSeconds) else { return collection }
        var requests = 0
        while requests < Self.requestsMax {
            if let manifest = sweep.manifests.popLast() {
                requests += 1
                guard try look(at: manifest, &sweep, manifestsKept: manifestsKept, &collection) else {
                    return collection
                }
            } else if sweep.blobs == nil {
                requests += 1
                let entries = try client.list(Self.blobsFolder, while: Self.operation).entries
                sweep.present = Set(entries.compactMap { ContentDigest(hex: Self.name(of: $0)) })
                sweep.blobs = entries
            } else if let entry = sweep.blobs?.popLast() {
                requests += try look(at: entry, sweep, &collection)
            } else {
                return collection
            }
        }
        collection.isOver = false
        let unfinished = sweep
        self.sweep.withLock { $0 = unfinished }
        return collection
    }

    private static var operation: String { "collecting the store" }

    private static func name(of entry: ObjectEntry) -> String { String(entry.key.dropFirst(blobsFolder.count)) }

    /// The collection that is under way, taken out: one that fails is not gone on with.
    /// - Returns: nil where the service does not tell its time.
    private func goOnOrBegin(_ graceSeconds: Int) throws(StoreError) -> Sweep? {
        if let sweep = sweep.withLock({ $0.take() }) { return sweep }
        let list = try client.list(Self.manifestsFolder, while: Self.operation)
        guard let time = list.time else { return nil }
        let manifests = list.entries.compactMap { entry in
            ManifestName.generation(entry.key.dropFirst(Self.manifestsFolder.count)).map { ($0, entry) }
        }
        return Sweep(now: time, graceSeconds: graceSeconds, manifests: manifests.sorted { $0.0 < $1.0 })
    }

    /// Notes what a manifest in use names; one that is out of use goes, or stays for its rank alone.
    /// - Returns: false where no more may be done.
    private func look(
        at manifest: (generation: Int, entry: ObjectEntry), _ sweep: inout Sweep, manifestsKept: Int,
        _ collection: inout StoreCollection
    ) throws(StoreError) -> Bool {
        let isInUse = !sweep.isSuccessorOld
        sweep.isSuccessorOld = sweep.isOld(manifest.entry)
        if !isInUse, sweep.kept >= max(1, manifestsKept) {
            do throws(StoreError) {
                try client.remove(manifest.entry.key, while: Self.operation)
                collection.manifests += 1
                return true
            } catch {
                // Whoever may not remove need not look any further. Otherwise a later collection takes it.
                return error.kind != .permission
            }
        }
        sweep.kept += 1
        guard isInUse else { return true }
        do throws(StoreError) {
            sweep.referenced.formUnion(try self.manifest(generation: manifest.generation).digests)
            return true
        } catch {
            // What it names is not known, and it may be a later server's: nothing is taken from it.
            return error.kind == .missing
        }
    }

    /// Puts a blob aside, gives back one that was put aside, or removes it.
    /// - Returns: how many requests that took.
    private func look(
        at entry: ObjectEntry, _ sweep: Sweep, _ collection: inout StoreCollection
    ) throws(StoreError) -> Int {
        let name = Self.name(of: entry)
        if let digest = ContentDigest(hex: name) {
            guard !sweep.referenced.contains(digest), sweep.isOld(entry) else { return 0 }
            // A writer may have sent it again since the list.
            guard let current = try client.status(entry.key, while: Self.operation), sweep.isOld(current) else {
                return 1
            }
            let place = Self.blobsFolder + AsideName.text(digest, files.uniqueName())
            guard try client.copy(entry.key, to: place, while: Self.operation) else { return 2 }
            try client.remove(entry.key, while: Self.operation)
            return 3
        }
        guard let digest = AsideName.digest(name) else { return 0 }
        if sweep.referenced.contains(digest) {
            if !sweep.present.contains(digest) {
                guard try client.copy(entry.key, to: Self.key(digest), while: Self.operation) else { return 1 }
            }
            try client.remove(entry.key, while: Self.operation)
            return 2
        }
        guard sweep.isOld(entry) else { return 0 }
        try client.remove(entry.key, while: Self.operation)
        collection.blobs += 1
        collection.bytes += entry.byteCount
        return 1
    }
}
