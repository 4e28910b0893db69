/// Where models outlive the process: blobs by digest and numbered manifests.
///
/// Called on the control thread, where waiting for a disk is allowed; files of a store far away go there and come from
/// there on threads that may wait longer. A commit is all or nothing: after a crash at
/// any moment the newest manifest is the old one or the new one, and its blobs are there.
package protocol ModelStore: AnyObject, Sendable {
    /// False if nothing can be committed: a read-only disk or a read-only mode.
    var isWritable: Bool { get }

    /// Whether `blob` gives the bytes back; false for a store that remembers nothing beyond its manifests.
    var keepsBlobs: Bool { get }

    /// Whether a network lies in between: it may be away at the start and come later, and what is sent there takes its
    /// time.
    var isFarAway: Bool { get }

    /// When `collect` is to be called; nil: never.
    var collectPauses: CollectPauses? { get }

    /// The valid manifest of the highest generation, with what had to be passed over on the way to it.
    func newestManifest() throws(StoreError) -> ManifestLookup

    /// - Throws: `missing` or `corrupt`.
    func manifest(generation: Int) throws(StoreError) -> StoreManifest

    /// The bytes of a blob, proven to have the digest.
    /// - Parameter bytesMax: what its manifest says that it has: of a longer one no more is fetched.
    /// - Throws: `missing`, `corrupt`, or `limit` for a longer one.
    func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8]

    /// The same bytes piece by piece, so that they need not be in memory at once.
    /// - Parameter byteCount: what its manifest says that it has.
    /// - Throws: `missing`.
    func openBlob(_ digest: ContentDigest, byteCount: Int) throws(StoreError) -> any BlobReader

    /// What this machine keeps of an earlier run, for a start at which the store cannot be seen: the last that was
    /// handed to `cache`. nil where nothing is kept, or it is not what it was. Its blobs may be missing.
    func cachedManifest() -> CachedManifest?

    /// This is what serves now: keeps it, if there is a place for it. What fails is left.
    func cache(_ manifest: CachedManifest)

    /// A place for the bytes of one artifact as they arrive.
    func makeBlobWriter() throws(StoreError) -> any BlobWriter

    /// Makes a manifest durable as `manifest.generation`, which must be one more than the highest there is. The blobs
    /// that it names have been kept.
    /// - Throws: `generationTaken` if somebody else was faster; then nothing has changed.
    func commit(_ manifest: StoreManifest) throws(StoreError)

    /// Removes what nothing needs any more, by the store's own clock. A manifest is in use if it is the newest, or was
    /// superseded less than `graceSeconds` ago: a follower may be reading by it. What goes is blobs that are older than
    /// that and that no manifest in use names; manifests that are neither in use nor among the newest `manifestsKept`;
    /// and what dead writers left. A blob is first put aside and removed by a later collection, and given back where a
    /// manifest names it after all. Called from one thread at a time, which need not be the control thread; does a
    /// bounded part of the work.
    /// - Returns: what was removed, and whether there is more to do.
    func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection

    /// The server stops: whatever waits for a service far away fails, and so does everything that comes. From any
    /// thread.
    func close()
}

extension ModelStore {
    package var isFarAway: Bool { false }

    package func close() {}

    package func cachedManifest() -> CachedManifest? { nil }

    package func cache(_ manifest: CachedManifest) {}

    package var collectPauses: CollectPauses? { CollectPauses(first: .seconds(30), next: .seconds(60)) }

    /// For stores that have it in memory anyway.
    package func openBlob(_ digest: ContentDigest, byteCount: Int) throws(StoreError) -> any BlobReader {
        MemoryBlobReader(try blob(digest, bytesMax: byteCount))
    }
}

/// What was found of manifests.
package struct ManifestLookup: Sendable, Hashable {
    /// nil in an empty store.
    package let manifest: StoreManifest?
    /// The highest generation that has been taken, by a valid manifest or not; 0 in an empty store. The next commit
    /// takes the one after it.
    package let highestGeneration: Int
    /// Manifests of a higher generation that cannot be used, and why. They stay where they are.
    package let skipped: [StoreError]

    package init(manifest: StoreManifest?, highestGeneration: Int, skipped: [StoreError]) {
        self.manifest = manifest
        self.highestGeneration = highestGeneration
        self.skipped = skipped
    }
}

/// What a collection removed.
package struct StoreCollection: Sendable, Hashable {
    package var manifests = 0
    package var blobs = 0
    package var temporaries = 0
    package var bytes = 0
    /// False where the next call goes on from here.
    package var isOver = true

    package init() {}

    package var isEmpty: Bool { manifests == 0 && blobs == 0 && temporaries == 0 }
}

/// Takes the bytes of one artifact. Until `keep` the store does not know them; a writer that is let go takes them
/// along. Used by one thread at a time.
package protocol BlobWriter: AnyObject, Sendable {
    /// Bytes taken so far.
    var byteCount: Int { get }

    func append(_ bytes: [UInt8]) throws(StoreError)

    /// All bytes taken so far, to import them.
    func contents() throws(StoreError) -> [UInt8]

    /// Makes the bytes durable as the blob of that digest. Does nothing more if the store has it already.
    func keep(as digest: ContentDigest) throws(StoreError)

    /// The same for a store that is far away.
    /// - Parameter isCancelled: asked now and then, from any thread: whether it may fail instead.
    func keep(as digest: ContentDigest, unless isCancelled: @escaping @Sendable () -> Bool) throws(StoreError)

    /// Forgets the bytes. May be called more than once; after `keep` it does nothing.
    func discard()
}

extension BlobWriter {
    package func keep(
        as digest: ContentDigest, unless isCancelled: @escaping @Sendable () -> Bool
    ) throws(StoreError) {
        try keep(as: digest)
    }
}
