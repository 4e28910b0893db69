package import Serving
internal import Synchronization

extension ObjectModelStore {
    struct Collecting: Sendable {
        /// Seconds since 1970; 0 for never.
        var last: Int64 = 0
    }

    /// Lists cost money where files cost nothing: an instance collects once in so many seconds.
    private static var intervalSeconds: Int64 { 1800 }
    /// Objects that one collection removes.
    private static var removalsMax: Int { 1000 }

    package func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection {
        var collection = StoreCollection()
        let now = system.now()
        let isDue = collecting.withLock { collecting in
            // The first is due an interval after the start, and not together with those of other replicas.
            if collecting.last == 0 {
                collecting.last = now - Int64(Double(Self.intervalSeconds) * system.random())
                return false
            }
            guard abs(now - collecting.last) >= Self.intervalSeconds else { return false }
            collecting.last = now
            return true
        }
        guard isDue, client.canList else { return collection }

        let operation = "collecting the store"
        let manifests = try client.list(Self.manifestsFolder, while: operation).compactMap { entry in
            ManifestName.generation(entry.key.dropFirst(Self.manifestsFolder.count)).map { ($0, entry) }
        }.sorted { $0.0 > $1.0 }
        // From the newest: those kept for their rank or their youth, and what they name.
        var referenced: Set<ContentDigest> = []
        for (rank, (generation, entry)) in manifests.enumerated() {
            if rank >= max(1, manifestsKept), now - entry.modifiedAt >= Int64(graceSeconds),
                collection.manifests < Self.removalsMax
            {
                do throws(StoreError) {
                    try client.remove(entry.key, while: operation)
                    collection.manifests += 1
                    continue
                } catch {
                    // Whoever may not remove need not look any further.
                    if error.kind == .permission { return collection }
                }
            }
            do throws(StoreError) {
                referenced.formUnion(try manifest(generation: generation).digests)
            } catch {
                // What it names is not known, and it may be a later server's: nothing is taken from it.
                if error.kind != .missing { return collection }
            }
        }
        try collectBlobs(referenced, graceSeconds, operation, &collection)
        return collection
    }

    private func collectBlobs(
        _ referenced: Set<ContentDigest>, _ graceSeconds: Int, _ operation: String,
        _ collection: inout StoreCollection
    ) throws(StoreError) {
        let now = system.now()
        for entry in try client.list(Self.blobsFolder, while: operation) where collection.blobs < Self.removalsMax {
            guard let digest = ContentDigest(hex: String(entry.key.dropFirst(Self.blobsFolder.count))),
                !referenced.contains(digest), now - entry.modifiedAt >= Int64(graceSeconds),
                // A writer may have sent it again since the list.
                let current = try client.status(entry.key, while: operation),
                now - current.modifiedAt >= Int64(graceSeconds)
            else { continue }
            try client.remove(entry.key, while: operation)
            collection.blobs += 1
            collection.bytes += entry.byteCount
        }
    }
}
