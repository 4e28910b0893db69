/// What served on this machine last, as a store's cache keeps it for a start at which the store cannot be seen.
package struct CachedManifest: Sendable, Hashable {
    /// The newest generation that served. Of a model that lagged then it tells the version that served.
    package let manifest: StoreManifest
    /// Up to this generation everything served.
    package let complete: Int

    package init(manifest: StoreManifest, complete: Int) {
        self.manifest = manifest
        self.complete = complete
    }
}
