/// One file of an archive.
package struct ArchiveEntry: Sendable, Equatable {
    enum Storage: Sendable, Equatable {
        /// As it is.
        case plain
        /// By deflate (RFC 1951).
        case deflated
    }

    /// Its path from the archive's root, such as `model/model.pkl`: never absolute, never with `.` or `..`.
    package let path: String
    /// Bytes of its content.
    package let byteCount: Int
    /// Where its bytes lie in the archive.
    let range: Range<Int>
    let storage: Storage
    /// CRC-32 of the content; nil where the format has none.
    let checksum: UInt32?
}
