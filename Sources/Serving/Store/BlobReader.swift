internal import Synchronization

/// Gives a blob's bytes from the first to the last. Used by one thread at a time.
package protocol BlobReader: AnyObject, Sendable {
    /// - Returns: the next bytes, at most `byteCount`; empty at the end.
    /// - Throws: `corrupt` before the last bytes are given, where all of them are not those of the digest.
    func next(byteCount: Int) throws(StoreError) -> [UInt8]
}

/// Gives what is in memory.
package final class MemoryBlobReader: BlobReader {
    private let bytes: [UInt8]
    private let given = Mutex(0)

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package func next(byteCount: Int) throws(StoreError) -> [UInt8] {
        given.withLock { given in
            let piece = Array(bytes[given..<min(bytes.count, given + byteCount)])
            given += piece.count
            return piece
        }
    }
}
