package import Serving
internal import Synchronization

/// A model store that ends with the process: what serves without `--store`. It takes part in the whole of a publish,
/// but forgets an artifact's bytes as soon as they have been imported, unless it is told to keep them.
package final class MemoryModelStore: ModelStore {
    private struct State: Sendable {
        var manifest: StoreManifest?
        var blobs: [ContentDigest: [UInt8]] = [:]
    }

    package let isWritable = true
    package let keepsBlobs: Bool
    private let state = Mutex(State())

    /// - Parameter keepsBlobs: whether `blob` gives the bytes of current models back.
    package init(keepsBlobs: Bool = false) {
        self.keepsBlobs = keepsBlobs
    }

    package func newestManifest() throws(StoreError) -> ManifestLookup {
        let manifest = state.withLock { $0.manifest }
        return ManifestLookup(manifest: manifest, highestGeneration: manifest?.generation ?? 0, skipped: [])
    }

    package func manifest(generation: Int) throws(StoreError) -> StoreManifest {
        guard let manifest = state.withLock({ $0.manifest }), manifest.generation == generation else {
            throw StoreError(.missing, while: "reading manifest \(generation)", detail: "it is not in the model store")
        }
        return manifest
    }

    package func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
        guard let bytes = state.withLock({ $0.blobs[digest] }) else {
            throw StoreError(.missing, while: "reading a model", detail: "it is not in the model store")
        }
        return bytes
    }

    package func makeBlobWriter() throws(StoreError) -> any BlobWriter {
        MemoryBlobWriter(self)
    }

    package func commit(_ manifest: StoreManifest) throws(StoreError) {
        let isCommitted = state.withLock { state in
            guard manifest.generation == (state.manifest?.generation ?? 0) + 1 else { return false }
            state.manifest = manifest
            // Nobody goes back to an earlier generation: what the new one does not name is let go of at once.
            let named = manifest.digests
            state.blobs = state.blobs.filter { named.contains($0.key) }
            return true
        }
        guard isCommitted else {
            throw StoreError(
                .generationTaken, while: "committing generation \(manifest.generation)",
                detail: "another writer has committed it")
        }
    }

    package func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection {
        StoreCollection()
    }

    fileprivate func keep(_ bytes: [UInt8], as digest: ContentDigest) {
        guard keepsBlobs else { return }
        state.withLock { $0.blobs[digest] = bytes }
    }
}

private final class MemoryBlobWriter: BlobWriter {
    private let store: MemoryModelStore
    private let bytes = Mutex<[UInt8]>([])

    init(_ store: MemoryModelStore) {
        self.store = store
    }

    var byteCount: Int { bytes.withLock { $0.count } }

    func append(_ more: [UInt8]) throws(StoreError) {
        bytes.withLock { $0 += more }
    }

    func contents() throws(StoreError) -> [UInt8] { bytes.withLock { $0 } }

    func keep(as digest: ContentDigest) throws(StoreError) {
        store.keep(bytes.withLock { $0 }, as: digest)
    }

    func discard() { bytes.withLock { $0 = [] } }
}
