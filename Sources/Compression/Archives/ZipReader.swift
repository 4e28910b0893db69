/// Reads the central directory of a zip archive (PKWARE's APPNOTE 6.3), also with the 64-bit fields of 4.3.14.
///
///     end record        50 4B 05 06, ..., count u16 @10, directory size u32 @12, offset u32 @16, comment u16 @20
///     directory entry   50 4B 01 02, made by u16 @4, flags u16 @8, method u16 @10, crc u32 @16, packed u32 @20,
///                       size u32 @24, name u16 @28, extra u16 @30, comment u16 @32, disk u16 @34, attributes u32 @38,
///                       header u32 @42, name @46
///     local header      50 4B 03 04, flags u16 @6, name u16 @26, extra u16 @28, name @30, then the data
///
/// Sizes are those of the directory, so that it does not matter whether a data descriptor follows the data.
struct ZipReader: ~Escapable {
    private let bytes: Span<UInt8>
    private let limits: ArchiveLimits

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ limits: ArchiveLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    static func recognizes(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 22 && bytes[0] == 0x50 && bytes[1] == 0x4B
            && (bytes[2] == 3 && bytes[3] == 4 || bytes[2] == 5 && bytes[3] == 6)
    }

    private struct Directory {
        let count: Int
        let range: Range<Int>
    }

    /// One entry of the directory as it stands there.
    private struct Record {
        let flags: Int
        let method: Int
        let checksum: UInt32
        var packedBytes: Int
        var byteCount: Int
        var header: Int
        let name: Range<Int>
    }

    func entries() throws(ArchiveError) -> [ArchiveEntry] {
        let directory = try self.directory()
        var paths = ArchivePaths(limits, archiveBytes: bytes.count)
        var entries: [ArchiveEntry] = []
        var extents: [Range<Int>] = []
        var offset = directory.range.lowerBound
        for _ in 0..<directory.count {
            let place = "byte \(offset)"
            let (record, isFolder, next) = try readRecord(at: offset, end: directory.range.upperBound)
            offset = next
            let name = bytes.extracting(record.name)
            let path = try paths.add(name, isFolder: isFolder, byteCount: record.byteCount, place: place)
            let range = try dataRange(record, end: directory.range.lowerBound, place: place)
            extents.append(record.header..<range.upperBound)
            guard let path, !isFolder else {
                guard record.byteCount == 0, record.packedBytes == 0 || record.method == 8 else {
                    throw ArchiveError(.malformed, at: place, found: "a folder with content", expected: "an empty one")
                }
                continue
            }
            let storage: ArchiveEntry.Storage
            switch record.method {
            case 0:
                guard record.packedBytes == record.byteCount else {
                    throw ArchiveError(
                        .malformed, at: place, found: "\(record.packedBytes) stored bytes of \(record.byteCount)",
                        expected: "as many")
                }
                storage = .plain
            case 8: storage = .deflated
            default:
                throw ArchiveError(
                    .unsupported, at: "\"\(path)\"", found: "compression method \(record.method)",
                    expected: "0 (stored) or 8 (deflate)")
            }
            entries.append(
                ArchiveEntry(
                    path: path, byteCount: record.byteCount, range: range, storage: storage, checksum: record.checksum))
        }
        guard offset == directory.range.upperBound else {
            throw ArchiveError(
                .malformed, at: "byte \(offset)", found: "\(directory.range.upperBound - offset) more bytes",
                expected: "the end of the directory")
        }
        try refuseOverlap(extents)
        return entries
    }

    // MARK: The directory

    private func directory() throws(ArchiveError) -> Directory {
        // The comment at the end has at most 65535 bytes, and its length has to lead to the end of the file.
        var start = bytes.count - 22
        let first = max(0, bytes.count - 22 - 0xFFFF)
        while start >= first {
            if signature(at: start) == 0x0605_4B50, start + 22 + integer(start + 20, 2) == bytes.count { break }
            start -= 1
        }
        guard start >= first else {
            throw ArchiveError(
                .truncated, at: "byte \(bytes.count)", found: "no end of the zip's directory",
                expected: "its record within the last 65557 bytes")
        }
        guard integer(start + 4, 2) == 0, integer(start + 6, 2) == 0 || integer(start + 6, 2) == 0xFFFF else {
            throw ArchiveError(
                .unsupported, at: "byte \(start)", found: "one disk of several", expected: "a zip in one file")
        }
        var count = integer(start + 10, 2)
        var size = integer(start + 12, 4)
        var offset = integer(start + 16, 4)
        var end = start
        if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
            // The locator of 20 bytes stands before the record, and names a record of at least 56 bytes.
            let locator = start - 20
            guard locator >= 0, signature(at: locator) == 0x0706_4B50, let record = long(locator + 8), record >= 0,
                record <= locator - 56, signature(at: record) == 0x0606_4B50, let longCount = long(record + 32),
                let longSize = long(record + 40), let longOffset = long(record + 48)
            else {
                throw ArchiveError(
                    .malformed, at: "byte \(start)", found: "no 64-bit directory record",
                    expected: "one, as the 32-bit record tells")
            }
            (count, size, offset, end) = (longCount, longSize, longOffset, record)
        }
        guard count <= limits.entriesMax else {
            throw ArchiveError(
                .limit, at: "byte \(start)", found: "\(count) entries", expected: "at most \(limits.entriesMax)")
        }
        guard offset >= 0, size >= 0, offset <= end, size == end - offset else {
            throw ArchiveError(
                .malformed, at: "byte \(start)", found: "a directory of \(size) bytes at \(offset)",
                expected: "one that ends at byte \(end)")
        }
        return Directory(count: count, range: offset..<end)
    }

    private func readRecord(
        at offset: Int, end: Int
    ) throws(ArchiveError) -> (record: Record, isFolder: Bool, next: Int) {
        let place = "byte \(offset)"
        guard end - offset >= 46, signature(at: offset) == 0x0201_4B50 else {
            throw ArchiveError(.malformed, at: place, found: "something else", expected: "an entry of the directory")
        }
        let nameBytes = integer(offset + 28, 2)
        let extraBytes = integer(offset + 30, 2)
        let next = offset + 46 + nameBytes + extraBytes + integer(offset + 32, 2)
        guard next <= end else {
            throw ArchiveError(.malformed, at: place, found: "an entry beyond the directory", expected: "one within")
        }
        var record = Record(
            flags: integer(offset + 8, 2), method: integer(offset + 10, 2),
            checksum: UInt32(truncatingIfNeeded: integer(offset + 16, 4)), packedBytes: integer(offset + 20, 4),
            byteCount: integer(offset + 24, 4), header: integer(offset + 42, 4),
            name: offset + 46..<offset + 46 + nameBytes)
        // Encrypted, strongly encrypted, or with a masked directory.
        guard record.flags & 0x2041 == 0 else {
            throw ArchiveError(.unsupported, at: place, found: "an encrypted entry", expected: "none")
        }
        try readLongFields(record.name.upperBound..<record.name.upperBound + extraBytes, into: &record, place: place)
        let isFolder = nameBytes > 0 && bytes[record.name.upperBound - 1] == UInt8(ascii: "/")
        // Made on Unix (3) or macOS (19): the mode stands in the upper half of the attributes.
        let system = integer(offset + 4, 2) >> 8
        let type = integer(offset + 40, 2) & 0xF000
        if system == 3 || system == 19, type != 0, type != 0x8000, !(type == 0x4000 && isFolder) {
            throw ArchiveError(
                .unsupported, at: place, found: type == 0xA000 ? "a link" : "a device or folder of mode \(type)",
                expected: "files and folders")
        }
        return (record, isFolder, next)
    }

    /// The extra field 0001: the sizes and the offset that do not fit 32 bits, in this order, only those that do not.
    private func readLongFields(
        _ extra: Range<Int>, into record: inout Record, place: String
    ) throws(ArchiveError) {
        let needed = [record.byteCount, record.packedBytes, record.header].filter { $0 == 0xFFFF_FFFF }.count
        guard needed > 0 else { return }
        var offset = extra.lowerBound
        while extra.upperBound - offset >= 4 {
            let length = integer(offset + 2, 2)
            guard offset + 4 + length <= extra.upperBound else { break }
            guard integer(offset, 2) == 1 else {
                offset += 4 + length
                continue
            }
            var field = offset + 4
            func next() -> Int? {
                guard field + 8 <= offset + 4 + length else { return nil }
                defer { field += 8 }
                return long(field)
            }
            if record.byteCount == 0xFFFF_FFFF { record.byteCount = next() ?? -1 }
            if record.packedBytes == 0xFFFF_FFFF { record.packedBytes = next() ?? -1 }
            if record.header == 0xFFFF_FFFF { record.header = next() ?? -1 }
            if record.byteCount >= 0, record.packedBytes >= 0, record.header >= 0 { return }
            break
        }
        throw ArchiveError(.malformed, at: place, found: "no 64-bit sizes", expected: "those of a large entry")
    }

    // MARK: The data

    private func dataRange(_ record: Record, end: Int, place: String) throws(ArchiveError) -> Range<Int> {
        let header = record.header
        guard header <= end - 30, signature(at: header) == 0x0403_4B50 else {
            throw ArchiveError(
                .malformed, at: place, found: "no header at byte \(header)", expected: "the entry's header there")
        }
        let nameBytes = integer(header + 26, 2)
        let start = header + 30 + nameBytes + integer(header + 28, 2)
        guard start <= end, record.packedBytes <= end - start else {
            throw ArchiveError(
                .malformed, at: place, found: "\(record.packedBytes) bytes at \(start)",
                expected: "data before the directory at byte \(end)")
        }
        // A reader of headers and a reader of the directory have to see the same files.
        var isSame = nameBytes == record.name.count && integer(header + 8, 2) == record.method
        if isSame {
            for index in 0..<nameBytes where bytes[header + 30 + index] != bytes[record.name.lowerBound + index] {
                isSame = false
            }
        }
        guard isSame else {
            throw ArchiveError(
                .malformed, at: place, found: "another name or method in the header at byte \(header)",
                expected: "those of the directory")
        }
        return start..<start + record.packedBytes
    }

    private func refuseOverlap(_ extents: [Range<Int>]) throws(ArchiveError) {
        var end = 0
        for extent in extents.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard extent.lowerBound >= end else {
                throw ArchiveError(
                    .malformed, at: "byte \(extent.lowerBound)", found: "two entries that share bytes",
                    expected: "each with its own")
            }
            end = extent.upperBound
        }
    }

    // MARK: Numbers

    /// Little-endian; the caller has checked the range.
    private func integer(_ offset: Int, _ count: Int) -> Int {
        var value = 0
        for index in 0..<count { value |= Int(bytes[offset + index]) << (8 * index) }
        return value
    }

    /// 64 bits; nil beyond the file or what `Int` holds.
    private func long(_ offset: Int) -> Int? {
        guard offset >= 0, offset + 8 <= bytes.count else { return nil }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        return Int(exactly: value)
    }

    private func signature(at offset: Int) -> Int {
        offset >= 0 && offset <= bytes.count - 4 ? integer(offset, 4) : 0
    }
}
