/// Where the files of versions that are to be loaded come from: a store that is near, as they are needed; or what has
/// been fetched of one far away, and no other.
package struct ModelFiles: Sendable {
    package typealias Outcome = Result<[UInt8], StoreError>

    /// What each file holds, or why it cannot be had; nil: the store is asked.
    private var fetched: [ContentDigest: Outcome]?
    /// Times that something was fetched for the operation that lacked it.
    private var rounds = 0
    /// What an operation ends with that lacks more; nil: it is fetched.
    private(set) var refusal: PublishError?

    /// So many times in a row another writer may name what has not been fetched.
    private static let roundsMax = 4

    /// The store's own.
    static let stored = ModelFiles(fetched: nil)
    static let none = ModelFiles(fetched: [:])

    private init(fetched: [ContentDigest: Outcome]?) { self.fetched = fetched }

    var isEmpty: Bool { fetched?.isEmpty ?? false }

    func has(_ version: StoredModel.Version) -> Bool { fetched.map { $0[version.digest] != nil } ?? true }

    /// The file of a version that it has.
    func bytes(of version: StoredModel.Version, in store: any ModelStore) throws(StoreError) -> [UInt8] {
        guard let fetched else { return try store.blob(version.digest, bytesMax: version.byteCount) }
        guard let outcome = fetched[version.digest] else { preconditionFailure("asked for a file that it lacks") }
        return try outcome.get()
    }

    mutating func add(_ outcome: Outcome, of version: StoredModel.Version) { fetched?[version.digest] = outcome }

    /// An operation has lacked something that it has now.
    mutating func endRound() {
        rounds += 1
        if rounds == Self.roundsMax { refusal = .conflict }
    }

    /// Nothing more can be fetched.
    func refusing(_ error: PublishError) -> ModelFiles {
        var files = self
        files.refusal = error
        return files
    }
}
