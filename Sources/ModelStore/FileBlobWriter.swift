internal import Serving

/// Writes one artifact into the store's directory for temporary files, and moves it among the blobs when it is kept.
final class FileBlobWriter: BlobWriter {
    private let file: TemporaryFile
    private let store: FileModelStore

    init(_ file: TemporaryFile, _ store: FileModelStore) {
        self.file = file
        self.store = store
    }

    var byteCount: Int { file.byteCount }

    func append(_ bytes: [UInt8]) throws(StoreError) {
        do {
            try file.append(bytes)
        } catch {
            throw error.stored(while: "writing the model", path: file.path)
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
        try store.keep(file, as: digest)
    }

    func discard() { file.discard() }
}
