package import Serving
internal import Synchronization

extension FileModelStore {
    package func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection {
        var collection = StoreCollection()
        let now = storeTime()
        collectTemporaries(olderThan: min(graceSeconds, Self.temporaryGraceSecondsMax), now, &collection)

        // From the newest: those in use and what they name, those kept for their rank alone, and the rest.
        var referenced: Set<ContentDigest> = []
        var kept = 0
        var hasUnread = false
        var isSuccessorOld = false
        for generation in try generations().reversed() {
            let path = manifestPath(generation)
            // Out of use once its successor is old, whatever its own age is. The newest has none.
            let isInUse = !isSuccessorOld
            isSuccessorOld = isOlder(path, than: graceSeconds, now)
            do throws(StoreError) {
                let manifest = try manifest(generation: generation)
                if isInUse { referenced.formUnion(manifest.digests) }
                if isInUse || kept < max(1, manifestsKept) {
                    kept += 1
                } else if (try? files.remove(path)) != nil {
                    collection.manifests += 1
                }
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

    /// Puts aside what nothing names, and removes what the collection before this one has seen aside: time enough for
    /// a writer who was between the blob and its manifest, whatever happens to the clocks.
    private func collectBlobs(
        _ referenced: Set<ContentDigest>, olderThan graceSeconds: Int, _ now: Int64, _ collection: inout StoreCollection
    ) throws(StoreError) {
        let names: [String]
        do throws(SystemError) {
            names = try files.list(blobsPath)
        } catch {
            throw error.stored(while: "listing the models", path: blobsPath)
        }
        let before = aside.withLock { $0 }
        var left: Set<String> = []
        for name in names {
            let path = blobsPath + "/" + name
            if let digest = ContentDigest(hex: name) {
                guard !referenced.contains(digest), isOlder(path, than: graceSeconds, now) else { continue }
                let name = AsideName.text(digest, files.uniqueName())
                let place = blobsPath + "/" + name
                guard (try? files.rename(path, to: place)) != nil else { continue }
                // A writer may have stored it again since it was looked at, and this is the new one.
                if isOlder(place, than: graceSeconds, now) { left.insert(name) } else { giveBack(place, digest) }
            } else if let digest = AsideName.digest(name) {
                if referenced.contains(digest) || !isOlder(path, than: graceSeconds, now) {
                    giveBack(path, digest)
                } else if before.contains(name) {
                    guard let status = try? files.status(path), (try? files.remove(path)) != nil else { continue }
                    collection.blobs += 1
                    collection.bytes += status.byteCount
                } else {
                    left.insert(name)
                }
            }
        }
        aside.withLock { $0 = left }
    }

    /// Under its own name again, unless there is one of that name: then that one is as good.
    private func giveBack(_ place: String, _ digest: ContentDigest) {
        do throws(SystemError) {
            try files.link(place, as: blobPath(digest))
            try files.synchronizeDirectory(blobsPath)
        } catch {
            guard error == .exists else { return }
        }
        try? files.remove(place)
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

    /// The time by the clock that gives files theirs: on a disk of the network it is not this machine's.
    private func storeTime() -> Int64 {
        guard let file = try? TemporaryFile(in: temporariesPath, files) else { return files.now() }
        defer { file.discard() }
        return (try? files.status(file.path))?.modifiedAt ?? files.now()
    }

    /// Whether a file has not been touched for so long. One from the future, after the clock was set back, has not.
    private func isOlder(_ path: String, than seconds: Int, _ now: Int64) -> Bool {
        guard let status = try? files.status(path) else { return false }
        return now - status.modifiedAt >= Int64(seconds)
    }
}
