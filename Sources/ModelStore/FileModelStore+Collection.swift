package import Serving

extension FileModelStore {
    package func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection {
        var collection = StoreCollection()
        let now = files.now()
        collectTemporaries(olderThan: min(graceSeconds, Self.temporaryGraceSecondsMax), now, &collection)

        // From the newest: those kept for their rank or their youth, and what they name.
        var referenced: Set<ContentDigest> = []
        var kept = 0
        var hasUnread = false
        for generation in try generations().reversed() {
            let path = manifestPath(generation)
            do throws(StoreError) {
                let manifest = try manifest(generation: generation)
                if kept >= max(1, manifestsKept), isOlder(path, than: graceSeconds, now) {
                    do throws(SystemError) {
                        try files.remove(path)
                        collection.manifests += 1
                        continue
                    } catch {
                        // Still there, so what it names stays as well.
                    }
                }
                kept += 1
                referenced.formUnion(manifest.digests)
            } catch {
                if error.kind != .missing { hasUnread = true }
            }
        }
        // A manifest that cannot be read may be a later server's, and what it names is not known: nothing is taken
        // from it.
        guard !hasUnread else { return collection }
        try collectBlobs(referenced, olderThan: graceSeconds, now, &collection)
        return collection
    }

    private func collectBlobs(
        _ referenced: Set<ContentDigest>, olderThan graceSeconds: Int, _ now: Int64, _ collection: inout StoreCollection
    ) throws(StoreError) {
        let names: [String]
        do throws(SystemError) {
            names = try files.list(blobsPath)
        } catch {
            throw error.stored(while: "listing the models", path: blobsPath)
        }
        for name in names {
            guard let digest = ContentDigest(hex: name), !referenced.contains(digest) else { continue }
            let path = blobPath(digest)
            guard isOlder(path, than: graceSeconds, now), let status = try? files.status(path) else { continue }
            guard (try? files.remove(path)) != nil else { continue }
            collection.blobs += 1
            collection.bytes += status.byteCount
        }
    }

    /// Removes temporary files that nobody has locked: their writers are dead.
    private func collectTemporaries(
        olderThan graceSeconds: Int, _ now: Int64, _ collection: inout StoreCollection
    ) {
        for name in (try? files.list(temporariesPath)) ?? [] {
            let path = temporariesPath + "/" + name
            guard isOlder(path, than: graceSeconds, now), let status = try? files.status(path),
                let file = try? files.openToRead(path)
            else { continue }
            defer { files.close(file) }
            guard (try? files.lock(file)) == true, (try? files.remove(path)) != nil else { continue }
            collection.temporaries += 1
            collection.bytes += status.byteCount
        }
    }

    /// Whether a file has not been touched for so long. One from the future, after the clock was set back, has not.
    private func isOlder(_ path: String, than seconds: Int, _ now: Int64) -> Bool {
        guard let status = try? files.status(path) else { return false }
        return now - status.modifiedAt >= Int64(seconds)
    }
}
