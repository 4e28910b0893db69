internal import Serving

/// What opening a store needs besides its place. Where a value is nil the environment is asked, as the clouds' own
/// tools do; secrets come from there alone.
package struct StoreOptions: Sendable {
    /// URL of a service that speaks S3's protocol; nil for AWS's own.
    package var amazonEndpoint: String?
    package var amazonRegion: String?
    /// URL of a service that speaks Cloud Storage's XML protocol; nil for Google's own.
    package var googleEndpoint: String?
    /// Keeps fetched artifacts; nil to fetch them each time.
    package var cacheDirectory: String?
    package var cacheBytesMax = 4 << 30
    /// The time between two collections of an object store; nil: there are none.
    package var collectEvery: Duration? = ObjectModelStore.defaultCollectEvery
    /// A bound for one artifact.
    package var blobBytesMax = 2 << 30
    /// A file of certificates to trust in place of the system's.
    package var certificatesFile: String?
    /// `http://host:port`; nil for none.
    package var proxy: String?
    package var system = StoreSystem.process

    package init() {}

    func value(_ chosen: String?, _ variables: String...) -> String? {
        if let chosen { return chosen }
        for name in variables {
            if let value = system.environment(name) { return value }
        }
        return nil
    }
}
