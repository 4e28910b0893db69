internal import Serving
internal import Synchronization

/// Gives a blob from its file, and checks it on the way.
final class FileBlobReader: BlobReader {
    private let file: FileID
    private let path: String
    private let files: any FileSystem
    private let check: Mutex<BlobCheck>
    private let removesDamaged: Bool

    /// - Parameters:
    ///   - file: closed in the end.
    ///   - removesDamaged: whether a file that is not what it was goes: one that can be fetched again.
    init(_ file: FileID, _ path: String, _ check: BlobCheck, _ files: any FileSystem, removesDamaged: Bool = false) {
        self.removesDamaged = removesDamaged
        self.file = file
        self.path = path
        self.files = files
        self.check = Mutex(check)
    }

    deinit { files.close(file) }

    func next(byteCount: Int) throws(StoreError) -> [UInt8] {
        try check.withLock { (check: inout BlobCheck) throws(StoreError) -> [UInt8] in
            let piece: [UInt8]
            do throws(SystemError) {
                piece = try files.read(file, byteCount: min(byteCount, check.missing))
            } catch {
                throw error.stored(while: BlobCheck.operation, path: path)
            }
            do throws(StoreError) {
                try check.take(piece, path: path)
            } catch {
                if removesDamaged { try? files.remove(path) }
                throw error
            }
            return piece
        }
    }
}

/// Whether the bytes of a blob, as they come piece by piece, are those of its digest.
struct BlobCheck: Sendable {
    static let operation = "reading a model"

    private let digest: ContentDigest
    /// Bytes that are still to come.
    private(set) var missing: Int
    private var hasher = ContentHasher()

    init(_ digest: ContentDigest, byteCount: Int) {
        self.digest = digest
        missing = byteCount
    }

    /// - Parameter piece: at most `missing` bytes.
    /// - Throws: `corrupt` where the end comes too soon, and where the last bytes do not make the digest.
    mutating func take(_ piece: [UInt8], path: String) throws(StoreError) {
        guard missing > 0 else { return }
        hasher.update(piece)
        missing -= piece.count
        guard piece.isEmpty || missing == 0 && hasher.finish() != digest else { return }
        throw StoreError(
            .corrupt, while: Self.operation, detail: "the stored bytes are not those of \(digest)", path: path)
    }
}
