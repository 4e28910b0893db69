package import Serving

/// Artifacts on this machine's disk that have been fetched once: a restart need not fetch them again. Bounded: the
/// oldest go first, those last that a start without the store needs. What it gives has been checked again; what it
/// cannot do it leaves, since the store has everything.
package final class BlobCache: Sendable {
    let directory: String
    let files: any FileSystem
    private let bytesMax: Int

    /// - Parameters:
    ///   - directory: made if it is missing; its parent must exist.
    ///   - bytesMax: bytes that it keeps.
    /// - Throws: if there can be no such directory.
    package init(
        _ directory: String, bytesMax: Int, files: any FileSystem = PosixFileSystem()
    ) throws(StoreError) {
        var directory = directory
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        self.directory = directory
        self.bytesMax = bytesMax
        self.files = files
        for path in [directory, directory + "/tmp"] {
            do throws(SystemError) {
                try files.makeDirectory(path)
            } catch {
                guard error == .exists else { throw error.stored(while: "opening the store's cache", path: path) }
            }
        }
        removeLeftovers()
    }

    private func path(_ digest: ContentDigest) -> String { directory + "/" + digest.hex }

    // MARK: Manifests

    /// Of each store the one that served last: the digest of all that follows, a line feed, the generation up to which
    /// everything served, a line feed, and the manifest.
    private func path(ofStore place: String) -> String {
        directory + "/manifest-" + ContentDigest(of: Array(place.utf8)).hex.prefix(16) + ".json"
    }

    /// nil if there is none, or it is not what it was.
    func manifest(ofStore place: String) -> CachedManifest? {
        manifest(at: path(ofStore: place))
    }

    private func manifest(at path: String) -> CachedManifest? {
        guard let bytes = try? files.contents(of: path, bytesMax: ManifestCoding.bytesMax + 128) else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1)
        guard parts.count == 2,
            ContentDigest(String(decoding: parts[0], as: UTF8.self)) == ContentDigest(of: Array(parts[1]))
        else {
            try? files.remove(path)
            return nil
        }
        let rest = parts[1].split(separator: UInt8(ascii: "\n"), maxSplits: 1)
        guard rest.count == 2, let complete = Int(String(decoding: rest[0], as: UTF8.self)),
            let manifest = try? ManifestCoding.decode(Array(rest[1]))
        else { return nil }
        return CachedManifest(manifest: manifest, complete: min(complete, manifest.generation))
    }

    /// In place of the one before, at once or not at all.
    func keep(_ cached: CachedManifest, ofStore place: String) {
        guard let file = try? TemporaryFile(in: directory + "/tmp", files) else { return }
        defer { file.discard() }
        let bytes = Array("\(cached.complete)\n".utf8) + ManifestCoding.encode(cached.manifest)
        let line = Array((ContentDigest(of: bytes).description + "\n").utf8)
        guard (try? file.append(line + bytes)) != nil, (try? file.synchronize()) != nil else { return }
        try? file.rename(to: path(ofStore: place))
    }

    // MARK: Blobs

    /// nil if it is not there or not what it was.
    func blob(_ digest: ContentDigest, bytesMax: Int) -> [UInt8]? {
        guard let bytes = try? files.contents(of: path(digest), bytesMax: bytesMax) else { return nil }
        guard ContentDigest(of: bytes) == digest else {
            try? files.remove(path(digest))
            return nil
        }
        return bytes
    }

    /// nil if it is not there.
    func open(_ digest: ContentDigest, _ check: BlobCheck) -> FileBlobReader? {
        let path = path(digest)
        guard let status = try? files.status(path), status.byteCount == check.missing,
            let file = try? files.openToRead(path)
        else { return nil }
        return FileBlobReader(file, path, check, files, removesDamaged: true)
    }

    func keep(_ bytes: [UInt8], as digest: ContentDigest) {
        guard bytes.count <= bytesMax, let file = try? TemporaryFile(in: directory + "/tmp", files) else { return }
        defer { file.discard() }
        guard (try? file.append(bytes)) != nil else { return }
        keep(file, as: digest)
    }

    /// Takes over a file that has been written in its directory for temporary files.
    func keep(_ file: TemporaryFile, as digest: ContentDigest) {
        guard file.byteCount <= bytesMax, (try? file.rename(to: path(digest))) != nil else { return }
        makeRoom(besides: digest)
    }

    /// - Parameter newest: what has just come; no manifest names it yet.
    private func makeRoom(besides newest: ContentDigest) {
        let names = (try? files.list(directory)) ?? []
        var kept: [(digest: ContentDigest, status: FileStatus)] = []
        for name in names {
            guard let digest = ContentDigest(hex: name), let status = try? files.status(path(digest)) else { continue }
            kept.append((digest, status))
        }
        var bytes = kept.reduce(0) { $0 + $1.status.byteCount }
        guard bytes > bytesMax else { return }
        var needed: Set<ContentDigest> = []
        for name in names where name.hasPrefix("manifest-") {
            for model in manifest(at: directory + "/" + name)?.manifest.models ?? [] {
                needed.formUnion(model.versions.filter { model.needs($0) }.map(\.digest))
            }
        }
        /// The later, the longer it stays.
        func rank(_ digest: ContentDigest) -> Int { digest == newest ? 2 : needed.contains(digest) ? 1 : 0 }
        let order = kept.sorted { (rank($0.digest), $0.status.modifiedAt) < (rank($1.digest), $1.status.modifiedAt) }
        for entry in order where bytes > bytesMax {
            guard (try? files.remove(path(entry.digest))) != nil else { continue }
            bytes -= entry.status.byteCount
        }
    }

    /// What dead writers left: nobody has it locked.
    private func removeLeftovers() {
        for name in (try? files.list(directory + "/tmp")) ?? [] {
            let path = directory + "/tmp/" + name
            guard let file = try? files.openToRead(path) else { continue }
            defer { files.close(file) }
            if (try? files.lock(file)) == true { try? files.remove(path) }
        }
    }
}
