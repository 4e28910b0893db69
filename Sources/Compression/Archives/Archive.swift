/// The table of a zip or tar archive: what files it holds and where they lie. Nothing is unpacked until it is asked
/// for, and then into memory.
///
/// What makes unpacking dangerous is refused when the table is read: absolute paths and `..`, links and devices, two
/// entries of one path (also where only upper and lower case differ), entries that share bytes, encrypted entries,
/// and more content than `ArchiveLimits` grants an archive of this size.
package struct Archive: Sendable {
    package enum Format: String, Sendable {
        case zip, tar
    }

    package let format: Format
    /// Files in the archive's order; folders are not listed.
    package let entries: [ArchiveEntry]
    private let index: [String: Int]

    /// What the bytes begin like; nil if like neither.
    package static func detect(_ bytes: Span<UInt8>) -> Format? {
        if ZipReader.recognizes(bytes) { return .zip }
        return TarReader.recognizes(bytes) ? .tar : nil
    }

    /// Reads the table of an archive.
    ///
    /// - Complexity: O(entries * log entries) and, for tar, one visit of each header.
    package init(
        _ bytes: Span<UInt8>, format: Format, limits: ArchiveLimits = ArchiveLimits()
    ) throws(ArchiveError) {
        let entries =
            switch format {
            case .zip: try ZipReader(bytes, limits).entries()
            case .tar: try TarReader(bytes, limits).entries()
            }
        var index: [String: Int] = [:]
        for (position, entry) in entries.enumerated() { index[entry.path] = position }
        self.format = format
        self.entries = entries
        self.index = index
    }

    /// The entry of exactly this path.
    package func entry(_ path: String) -> ArchiveEntry? {
        index[path].map { entries[$0] }
    }

    /// Where an entry's content stands in the archive as it is; nil if it is compressed.
    ///
    /// - Throws: `ArchiveError` where its checksum is wrong.
    package func storedRange(of entry: ArchiveEntry, in bytes: Span<UInt8>) throws(ArchiveError) -> Range<Int>? {
        guard entry.storage == .plain else { return nil }
        try check(bytes.extracting(entry.range), of: entry)
        return entry.range
    }

    /// An entry's content.
    ///
    /// - Parameter bytes: the archive, the same that the table was read from.
    /// - Throws: `ArchiveError` where the content is not what the table tells.
    package func contents(of entry: ArchiveEntry, in bytes: Span<UInt8>) throws(ArchiveError) -> [UInt8] {
        let packed = bytes.extracting(entry.range)
        var content: [UInt8] = []
        switch entry.storage {
        case .plain:
            content.reserveCapacity(packed.count)
            for index in packed.indices { content.append(packed[index]) }
        case .deflated:
            do throws(CompressionError) {
                content = try Decompression.deflated(packed, outputBytesMax: entry.byteCount, ratioMax: .max)
            } catch {
                let kind: ArchiveError.Kind = error.reason == .truncated ? .truncated : .malformed
                throw ArchiveError(
                    kind, at: "\"\(entry.path)\", byte \(entry.range.lowerBound + error.offset)",
                    found: error.reason.description, expected: "\(entry.byteCount) bytes by deflate")
            }
        }
        try check(content.span, of: entry)
        return content
    }

    private func check(_ content: Span<UInt8>, of entry: ArchiveEntry) throws(ArchiveError) {
        guard content.count == entry.byteCount else {
            throw ArchiveError(
                .malformed, at: "\"\(entry.path)\"", found: "\(content.count) bytes",
                expected: "\(entry.byteCount), as the archive's table tells")
        }
        if let checksum = entry.checksum, Checksum.crc32(content) != checksum {
            throw ArchiveError(
                .malformed, at: "\"\(entry.path)\"", found: "content that is damaged",
                expected: "the CRC-32 of the archive's table")
        }
    }
}
