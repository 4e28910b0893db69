package import Serving

/// A store as somebody sees it who publishes and does not serve: what others have published is kept in the manifest,
/// and not fetched.
package final class PublishingStore: ModelStore {
    private let store: any ModelStore
    package let keepsBlobs = false
    package var isWritable: Bool { store.isWritable }

    package init(_ store: any ModelStore) {
        self.store = store
    }

    package func newestManifest() throws(StoreError) -> ManifestLookup { try store.newestManifest() }

    package func manifest(generation: Int) throws(StoreError) -> StoreManifest {
        try store.manifest(generation: generation)
    }

    package func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
        try store.blob(digest, bytesMax: bytesMax)
    }

    package func makeBlobWriter() throws(StoreError) -> any BlobWriter { try store.makeBlobWriter() }

    package func commit(_ manifest: StoreManifest) throws(StoreError) { try store.commit(manifest) }

    /// Collecting is for those who serve: they are there long enough to know what is old.
    package func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection {
        StoreCollection()
    }

    package func close() { store.close() }
}
