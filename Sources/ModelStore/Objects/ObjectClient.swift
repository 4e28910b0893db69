package import Serving

/// An object as a list tells of it.
package struct ObjectEntry: Sendable, Hashable {
    /// From the store's prefix.
    package let key: String
    package let byteCount: Int
    /// Seconds since 1970, by the service's clock.
    package let modifiedAt: Int64

    package init(key: String, byteCount: Int, modifiedAt: Int64) {
        self.key = key
        self.byteCount = byteCount
        self.modifiedAt = modifiedAt
    }
}

/// A list of objects, and when it was made.
package struct ObjectList: Sendable, Hashable {
    package let entries: [ObjectEntry]
    /// Seconds since 1970 by the service's clock, as its answer tells; nil where it does not.
    package let time: Int64?

    package init(entries: [ObjectEntry], time: Int64?) {
        self.entries = entries
        self.time = time
    }
}

/// How an exclusive creation ended.
package enum ObjectCreation: Sendable, Hashable {
    case created
    /// The key is taken. `isCertain` is false if an earlier attempt of ours went without an answer: then what is there
    /// may be ours.
    case exists(isCertain: Bool)
}

/// The few verbs of an object service that a model store is made of. Keys are below the store's prefix and need no
/// escapes. Blocks; called on threads that may wait.
///
/// Errors carry no host in their text, and the place in `path`, for the log.
package protocol ObjectClient: Sendable {
    /// The store as the log names it.
    var place: String { get }
    var isWritable: Bool { get }
    /// Whether `list` works. Without it a store is found by its hint alone.
    var canList: Bool { get }

    /// A small object's bytes; nil if there is none of that key.
    func read(_ key: String, bytesMax: Int, while operation: String) throws(StoreError) -> [UInt8]?

    /// An object whose content its key names, so that it never changes: what came before a cut is not asked for again.
    /// The caller checks the content. nil if there is none of that key.
    func download(_ key: String, bytesMax: Int, while operation: String) throws(StoreError) -> [UInt8]?

    /// Some bytes of such an object, from a place that it has; nil if there is none of that key.
    func part(_ key: String, from start: Int, byteCount: Int, while operation: String) throws(StoreError) -> [UInt8]?

    /// Makes an object unless the key is taken: of several writers one succeeds.
    func create(_ key: String, _ bytes: [UInt8], while operation: String) throws(StoreError) -> ObjectCreation

    /// Makes or replaces a small object.
    func write(_ key: String, _ bytes: [UInt8], while operation: String) throws(StoreError)

    /// Makes or replaces an object of that content.
    func upload(
        _ key: String, from source: any BodySource, digest: ContentDigest, while operation: String
    ) throws(StoreError)

    /// Makes or replaces an object by what another one has, inside the service.
    /// - Returns: false if there is none of that key.
    func copy(_ key: String, to newKey: String, while operation: String) throws(StoreError) -> Bool

    /// The objects whose keys begin so.
    func list(_ folder: String, while operation: String) throws(StoreError) -> ObjectList

    /// What `list` would tell of one object; nil if there is none of that key.
    func status(_ key: String, while operation: String) throws(StoreError) -> ObjectEntry?

    /// Removes an object, if it is there.
    func remove(_ key: String, while operation: String) throws(StoreError)

    /// Ends what is under way, and everything that comes. From any thread.
    func close()
}
