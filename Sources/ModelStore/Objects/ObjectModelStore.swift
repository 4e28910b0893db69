package import Serving
internal import Synchronization

/// A model store in an object service, in the layout of a `FileModelStore`:
///
///     blobs/sha256/<64 hexadecimal digits>     the artifacts, each named by its content
///     blobs/sha256/<digits>-<unique>           those that nothing names, on their way out
///     manifests/<generation, 16 digits>.json   the states, each created exactly once
///     manifests/latest.json                    a hint at the newest, for those who cannot list
///
/// **Looking for news costs one GET**: of the manifest after the newest that is known. A manifest is created exactly
/// once and never changes, so that an answer is the truth however many writers race, no cache can give an old one, and
/// none needs an ETag; 404 says that there is no news. A pointer that is overwritten has none of this: two writers may
/// write it in the wrong order, and one that is killed leaves it behind. From time to time, and at the start, the
/// manifests are listed (or the hint is read), in case those in between have been collected.
///
/// **A commit** creates the manifest exclusively, so that of two writers one loses and knows it. Where the answer to a
/// creation was lost, what is there is read and compared with what was sent.
package final class ObjectModelStore: ModelStore {
    let client: any ObjectClient
    let files: any FileSystem
    let system: StoreSystem
    private let cache: BlobCache?
    private let temporaries: String
    private let blobBytesMax: Int
    package let keepsBlobs = true
    package let isFarAway = true
    package var isWritable: Bool { client.isWritable }
    /// Whether the store could not be seen when somebody looked last: then nothing is fetched, since each try would
    /// only wait.
    private let isAway = Atomic<Bool>(false)

    /// What is known of the store. Never held over a request.
    private struct Known: Sendable {
        var lookup: ManifestLookup?
        /// Looks by the next manifest alone since the last whole one.
        var looks = 0
    }
    private let known = Mutex(Known())
    /// The collection that is under way.
    let sweep = Mutex<Sweep?>(nil)
    package let collectPauses: CollectPauses?

    /// Lists cost money where files cost nothing.
    package static let defaultCollectEvery = Duration.seconds(1800)
    /// So many looks by the next manifest alone, then a whole one.
    private static let looksMax = 120
    /// Manifests that one look passes; the next look goes on from there.
    private static let stepsMax = 64
    static let manifestsFolder = "manifests/"
    static let blobsFolder = "blobs/sha256/"

    /// - Parameters:
    ///   - client: the service.
    ///   - cache: keeps fetched artifacts; nil to fetch them each time.
    ///   - temporaries: a directory for uploads, where there is no cache.
    ///   - blobBytesMax: a bound for what is read into memory at once.
    ///   - collectEvery: the time between two collections; nil: there are none.
    package init(
        _ client: any ObjectClient, cache: BlobCache?, temporaries: String, blobBytesMax: Int = 2 << 30,
        collectEvery: Duration? = defaultCollectEvery, system: StoreSystem, files: any FileSystem = PosixFileSystem()
    ) {
        // Replicas that were started together do not collect together.
        collectPauses = collectEvery.map { CollectPauses(first: $0 * system.random(), next: $0) }
        self.client = client
        self.cache = cache
        self.temporaries = cache.map { $0.directory + "/tmp" } ?? temporaries
        self.blobBytesMax = blobBytesMax
        self.system = system
        self.files = files
    }

    package func close() { client.close() }

    // MARK: Looking

    package func newestManifest() throws(StoreError) -> ManifestLookup {
        do throws(StoreError) {
            let lookup = try look()
            isAway.store(false, ordering: .relaxed)
            return lookup
        } catch {
            isAway.store(true, ordering: .relaxed)
            throw error
        }
    }

    private func look() throws(StoreError) -> ManifestLookup {
        let before = known.withLock { known -> ManifestLookup? in
            known.looks += 1
            guard known.looks <= Self.looksMax, let lookup = known.lookup, lookup.highestGeneration > 0 else {
                known.looks = 0
                return nil
            }
            return lookup
        }
        let start = if let before { before } else { try wholeLook() }
        let lookup = try goingOn(from: start)
        return known.withLock { known in
            // Another thread may have seen more in the meantime.
            if let other = known.lookup, other.highestGeneration > lookup.highestGeneration { return other }
            known.lookup = lookup
            return lookup
        }
    }

    /// From the highest that a list or the hint tells of, down to one that can be used.
    private func wholeLook() throws(StoreError) -> ManifestLookup {
        let generations = try generations()
        let highest = generations.last ?? 0
        var skipped: [StoreError] = []
        for generation in generations.reversed() {
            do throws(StoreError) {
                let manifest = try manifest(generation: generation)
                return ManifestLookup(manifest: manifest, highestGeneration: highest, skipped: skipped)
            } catch {
                switch error.kind {
                // Collected between the list and the read: not a fault.
                case .missing: continue
                case .corrupt, .limit: skipped.append(error)
                default: throw error
                }
            }
        }
        return ManifestLookup(manifest: nil, highestGeneration: highest, skipped: skipped)
    }

    /// The generations that there are, in ascending order; of a store that cannot be listed, some before the hint's.
    func generations() throws(StoreError) -> [Int] {
        let operation = "looking for the newest manifest"
        if client.canList {
            return try client.list(Self.manifestsFolder, while: operation).entries.compactMap { entry in
                ManifestName.generation(entry.key.dropFirst(Self.manifestsFolder.count))
            }.sorted()
        }
        let key = Self.manifestsFolder + StoreHint.name
        guard let bytes = try client.read(key, bytesMax: StoreHint.bytesMax, while: operation) else { return [] }
        guard let hint = StoreHint.decode(bytes) else {
            throw StoreError(
                .corrupt, while: operation, detail: "the hint at the newest manifest cannot be read",
                path: client.place + key)
        }
        return Array(max(1, hint - Self.stepsMax + 1)...hint)
    }

    /// What follows what is known, up to the first that is not there.
    private func goingOn(from start: ManifestLookup) throws(StoreError) -> ManifestLookup {
        var lookup = start
        for _ in 0..<Self.stepsMax {
            let next = lookup.highestGeneration + 1
            do throws(StoreError) {
                let manifest = try manifest(generation: next)
                lookup = ManifestLookup(manifest: manifest, highestGeneration: next, skipped: [])
            } catch {
                switch error.kind {
                case .missing: return lookup
                case .corrupt, .limit:
                    lookup = ManifestLookup(
                        manifest: lookup.manifest, highestGeneration: next, skipped: [error] + lookup.skipped)
                default: throw error
                }
            }
        }
        return lookup
    }

    package func manifest(generation: Int) throws(StoreError) -> StoreManifest {
        let operation = "reading manifest \(generation)"
        let key = Self.key(generation)
        guard let bytes = try client.read(key, bytesMax: ManifestCoding.bytesMax, while: operation) else {
            throw StoreError(
                .missing, while: operation, detail: "it is not in the model store", path: client.place + key)
        }
        do throws(ManifestCoding.Problem) {
            let manifest = try ManifestCoding.decode(bytes)
            guard manifest.generation == generation else {
                throw ManifestCoding.Problem("it says that it is of generation \(manifest.generation)")
            }
            return manifest
        } catch {
            throw StoreError(.corrupt, while: operation, detail: error.text, path: client.place + key)
        }
    }

    static func key(_ generation: Int) -> String { manifestsFolder + ManifestName.text(generation) }

    static func key(_ digest: ContentDigest) -> String { blobsFolder + digest.hex }

    // MARK: Committing

    package func commit(_ manifest: StoreManifest) throws(StoreError) {
        let operation = "committing generation \(manifest.generation)"
        let key = Self.key(manifest.generation)
        let taken = StoreError(
            .generationTaken, while: operation, detail: "another writer has committed it", path: client.place + key)
        // Later generations may have passed this one by long ago, with its own manifest collected since.
        guard try generations().last ?? 0 < manifest.generation else {
            forget()
            throw taken
        }
        let bytes = ManifestCoding.encode(manifest)
        do throws(StoreError) {
            switch try client.create(key, bytes, while: operation) {
            case .created: break
            case .exists(isCertain: true): throw taken
            case .exists(isCertain: false):
                guard try client.read(key, bytesMax: ManifestCoding.bytesMax, while: operation) == bytes else {
                    throw taken
                }
            }
        } catch {
            guard error.kind != .generationTaken, isThere(bytes, key, operation) else { throw error }
        }
        isAway.store(false, ordering: .relaxed)
        try? client.write(
            Self.manifestsFolder + StoreHint.name, StoreHint.encode(manifest.generation), while: operation)
        known.withLock { known in
            guard manifest.generation > known.lookup?.highestGeneration ?? 0 else { return }
            known.lookup = ManifestLookup(
                manifest: manifest, highestGeneration: manifest.generation, skipped: [])
        }
    }

    /// Whether a creation that seems to have failed has been done after all: its answer was lost.
    private func isThere(_ bytes: [UInt8], _ key: String, _ operation: String) -> Bool {
        (try? client.read(key, bytesMax: ManifestCoding.bytesMax, while: operation)) == bytes
    }

    /// The next look is a whole one.
    func forget() { known.withLock { $0.lookup = nil } }

    // MARK: Caching

    package func cachedManifest() -> CachedManifest? {
        // Whoever asks for it cannot see the store, or has waited for it in vain.
        isAway.store(true, ordering: .relaxed)
        return cache?.manifest(ofStore: client.place)
    }

    package func cache(_ manifest: CachedManifest) { cache?.keep(manifest, ofStore: client.place) }

    // MARK: Blobs

    package func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
        let bytesMax = min(bytesMax, blobBytesMax)
        if let bytes = cache?.blob(digest, bytesMax: bytesMax) { return bytes }
        let operation = "fetching a model"
        let key = Self.key(digest)
        guard !isAway.load(ordering: .relaxed) else {
            throw StoreError(
                .unreachable, while: operation, detail: "it is not in the cache, and the object store cannot be seen",
                path: client.place + key, wasAsked: false)
        }
        let bytes = try find(digest) { (key) throws(StoreError) in
            try client.download(key, bytesMax: bytesMax, while: operation)
        }
        guard ContentDigest(of: bytes) == digest else {
            throw StoreError(
                .corrupt, while: operation, detail: "the bytes that came are not those of \(digest)",
                path: client.place + key)
        }
        cache?.keep(bytes, as: digest)
        return bytes
    }

    package func openBlob(_ digest: ContentDigest, byteCount: Int) throws(StoreError) -> any BlobReader {
        let check = BlobCheck(digest, byteCount: byteCount)
        if let reader = cache?.open(digest, check) { return reader }
        let reader = ObjectBlobReader(client, check)
        do throws(StoreError) {
            try find(digest) { (key) throws(StoreError) in try reader.begin(key) }
            return reader
        } catch {
            // A web server that knows no ranges answers with more than was asked for: the whole.
            guard error.kind == .limit else { throw error }
            return MemoryBlobReader(try blob(digest, bytesMax: byteCount))
        }
    }

    /// What is asked of a blob's key; where there is none, of where a collector has put it aside.
    @discardableResult
    private func find<Found>(
        _ digest: ContentDigest, _ ask: (String) throws(StoreError) -> Found?
    ) throws(StoreError) -> Found {
        let key = Self.key(digest)
        if let found = try ask(key) { return found }
        if client.canList {
            for entry in try client.list(key + "-", while: BlobCheck.operation).entries {
                if let found = try ask(entry.key) { return found }
            }
            // It may have been given back in the meantime.
            if let found = try ask(key) { return found }
        }
        throw StoreError(
            .missing, while: BlobCheck.operation, detail: "it is not in the model store", path: client.place + key)
    }

    package func makeBlobWriter() throws(StoreError) -> any BlobWriter {
        do throws(SystemError) {
            // Only what a cache takes over needs a name. A cache clears away what the dead have left.
            return ObjectBlobWriter(try TemporaryFile(in: temporaries, files, isNamed: cache != nil), self)
        } catch {
            throw error.onTheWay(path: temporaries)
        }
    }

    /// Sends a written file to the store. A blob that is there already is sent again: that makes it young for the
    /// collectors of other writers.
    func keep(
        _ file: TemporaryFile, as digest: ContentDigest, unless isCancelled: @escaping @Sendable () -> Bool
    ) throws(StoreError) {
        try client.upload(
            Self.key(digest), from: FileSource(file, isCancelled), digest: digest, while: "storing the model")
        cache?.keep(file, as: digest)
        file.discard()
    }
}
