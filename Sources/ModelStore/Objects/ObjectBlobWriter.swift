internal import Serving

/// Writes one artifact into a temporary file on this machine, from which it is sent to the store when it is kept.
final class ObjectBlobWriter: BlobWriter {
    private let file: TemporaryFile
    private let store: ObjectModelStore

    init(_ file: TemporaryFile, _ store: ObjectModelStore) {
        self.file = file
        self.store = store
    }

    var byteCount: Int { file.byteCount }

    func append(_ bytes: [UInt8]) throws(StoreError) {
        do throws(SystemError) {
            try file.append(bytes)
        } catch {
            throw error.onTheWay(path: file.path)
        }
    }

    func contents() throws(StoreError) -> [UInt8] {
        do throws(SystemError) {
            return try file.contents()
        } catch {
            throw error.stored(while: "reading the model back", path: file.path)
        }
    }

    func keep(as digest: ContentDigest) throws(StoreError) {
        try store.keep(file, as: digest) { false }
    }

    func keep(as digest: ContentDigest, unless isCancelled: @escaping @Sendable () -> Bool) throws(StoreError) {
        try store.keep(file, as: digest, unless: isCancelled)
    }

    func discard() { file.discard() }
}
