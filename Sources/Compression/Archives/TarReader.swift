/// Reads the headers of a tar archive: POSIX ustar and pax (IEEE 1003.1), GNU's long names, and the old form without
/// a magic number.
///
///     name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, type 1, link 100, "ustar" 8 @257, ...,
///     prefix 155 @345; blocks of 512 bytes, ended by one of zeros
struct TarReader: ~Escapable {
    private static let block = 512

    private let bytes: Span<UInt8>
    private let limits: ArchiveLimits

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ limits: ArchiveLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Whether the first block is a header whose checksum is right.
    static func recognizes(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= block && bytes[0] != 0 && TarReader(bytes, ArchiveLimits()).hasChecksum(at: 0)
    }

    /// What a header before the next one says of it.
    private struct Override {
        var path: [UInt8]?
        var size: Int?
    }

    func entries() throws(ArchiveError) -> [ArchiveEntry] {
        var paths = ArchivePaths(limits, archiveBytes: bytes.count)
        var entries: [ArchiveEntry] = []
        var override = Override()
        var offset = 0
        var headers = 0
        while true {
            let place = "byte \(offset)"
            guard bytes.count - offset >= Self.block else {
                throw ArchiveError(
                    .truncated, at: place, found: "the end of the tar", expected: "a header, or a block of zeros")
            }
            if isZero(offset..<offset + Self.block) { break }
            headers += 1
            // Each entry may have a few headers of its own.
            guard headers <= 4 * limits.entriesMax else {
                throw ArchiveError(
                    .limit, at: place, found: "\(headers) headers", expected: "at most four an entry")
            }
            guard hasChecksum(at: offset) else {
                throw ArchiveError(.malformed, at: place, found: "a wrong checksum", expected: "a tar header")
            }
            let type = bytes[offset + 156]
            let hasOwnSize = [UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K")].contains(type)
            let declared = try size(at: offset, place: place)
            let size = hasOwnSize ? declared : override.size ?? declared
            let start = offset + Self.block
            guard size <= bytes.count - start else {
                throw ArchiveError(
                    .truncated, at: place, found: "an entry of \(size) bytes", expected: "all of it in the archive")
            }
            let data = start..<start + size
            let padded = (size + Self.block - 1) / Self.block * Self.block
            guard padded <= bytes.count - start else {
                throw ArchiveError(
                    .truncated, at: "byte \(bytes.count)", found: "the end of the tar", expected: "whole blocks")
            }
            offset = start + padded

            switch type {
            case UInt8(ascii: "x"): try readExtended(data, into: &override, place: place)
            case UInt8(ascii: "g"): break
            case UInt8(ascii: "L"): override.path = try longName(data, place: place)
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "5"):
                let name = override.path ?? self.name(at: start - Self.block)
                override = Override()
                // Before POSIX a folder was a file whose name ends with a slash.
                let isFolder = type == UInt8(ascii: "5") || type == 0 && name.last == UInt8(ascii: "/")
                let path = try paths.add(name.span, isFolder: isFolder, byteCount: size, place: place)
                guard let path, !isFolder else { continue }
                entries.append(
                    ArchiveEntry(path: path, byteCount: size, range: data, storage: .plain, checksum: nil))
            case UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "K"):
                throw ArchiveError(.unsupported, at: place, found: "a link", expected: "files and folders")
            case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"):
                throw ArchiveError(.unsupported, at: place, found: "a device", expected: "files and folders")
            case UInt8(ascii: "S"):
                throw ArchiveError(.unsupported, at: place, found: "a sparse file", expected: "whole files")
            default:
                throw ArchiveError(
                    .unsupported, at: place, found: "an entry of type 0x" + String(type, radix: 16),
                    expected: "files and folders")
            }
        }
        guard isZero(offset..<bytes.count) else {
            throw ArchiveError(.malformed, at: "byte \(offset)", found: "more after the end", expected: "zeros")
        }
        return entries
    }

    // MARK: Fields

    private func isZero(_ range: Range<Int>) -> Bool {
        for index in range where bytes[index] != 0 { return false }
        return true
    }

    /// The sum of the header's bytes, its own field counted as blanks; old writers summed signed bytes.
    private func hasChecksum(at offset: Int) -> Bool {
        guard let expected = octal(offset + 148..<offset + 156) else { return false }
        var unsigned = 0
        var signed = 0
        for index in 0..<Self.block {
            let byte = (148..<156).contains(index) ? UInt8(ascii: " ") : bytes[offset + index]
            unsigned += Int(byte)
            signed += Int(Int8(bitPattern: byte))
        }
        return expected == unsigned || expected == signed
    }

    /// Octal digits, with blanks before and a blank or zero behind.
    private func octal(_ range: Range<Int>) -> Int? {
        var value = 0
        var hasDigits = false
        var hasEnded = false
        for index in range {
            switch bytes[index] {
            case 0x30...0x37 where !hasEnded:
                value = value << 3 | Int(bytes[index] - 0x30)
                hasDigits = true
            case 0x20 where !hasDigits: break
            case 0x20, 0: hasEnded = true
            default: return nil
            }
        }
        return hasDigits ? value : nil
    }

    private func size(at offset: Int, place: String) throws(ArchiveError) -> Int {
        let field = offset + 124..<offset + 136
        // GNU's form for large files: the top bit, then a big-endian number.
        if bytes[field.lowerBound] == 0x80 {
            var value: UInt64 = 0
            for index in field.dropFirst() {
                guard value >> 56 == 0 else { break }
                value = value << 8 | UInt64(bytes[index])
            }
            if let size = Int(exactly: value), size < 1 << 48 { return size }
        } else if let size = octal(field) {
            return size
        }
        throw ArchiveError(.malformed, at: place, found: "no size", expected: "the size of the entry")
    }

    private func name(at offset: Int) -> [UInt8] {
        func field(_ range: Range<Int>) -> [UInt8] {
            var text: [UInt8] = []
            for index in range {
                if bytes[index] == 0 { break }
                text.append(bytes[index])
            }
            return text
        }
        let name = field(offset..<offset + 100)
        let magic = Array("ustar\0".utf8)
        guard magic.indices.allSatisfy({ bytes[offset + 257 + $0] == magic[$0] }) else { return name }
        let prefix = field(offset + 345..<offset + 500)
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    private func longName(_ data: Range<Int>, place: String) throws(ArchiveError) -> [UInt8] {
        guard data.count <= limits.pathBytesMax + 1 else {
            throw ArchiveError(
                .limit, at: place, found: "a path of \(data.count) bytes", expected: "at most \(limits.pathBytesMax)")
        }
        var name: [UInt8] = []
        for index in data {
            if bytes[index] == 0 { break }
            name.append(bytes[index])
        }
        return name
    }

    /// Records `LENGTH KEY=VALUE\n`, the length in decimal and counting the whole record.
    private func readExtended(
        _ data: Range<Int>, into override: inout Override, place: String
    ) throws(ArchiveError) {
        let broken = ArchiveError(
            .malformed, at: place, found: "a broken record of an extended header", expected: "LENGTH KEY=VALUE")
        var offset = data.lowerBound
        while offset < data.upperBound {
            var length = 0
            var index = offset
            while index < data.upperBound, (0x30...0x39).contains(bytes[index]), length < 1 << 32 {
                length = length * 10 + Int(bytes[index] - 0x30)
                index += 1
            }
            guard index > offset, index < data.upperBound, bytes[index] == UInt8(ascii: " "),
                length > index - offset + 1, length <= data.upperBound - offset,
                bytes[offset + length - 1] == UInt8(ascii: "\n")
            else { throw broken }
            let record = index + 1..<offset + length - 1
            guard let equals = record.first(where: { bytes[$0] == UInt8(ascii: "=") }) else { throw broken }
            let key = text(record.lowerBound..<equals)
            let value = equals + 1..<record.upperBound
            switch key {
            case "path":
                override.path = try longName(value, place: place)
            case "size":
                guard value.count <= 15, let size = Int(text(value)), size >= 0 else { throw broken }
                override.size = size
            case _ where key.hasPrefix("GNU.sparse"):
                throw ArchiveError(.unsupported, at: place, found: "a sparse file", expected: "whole files")
            default: break
            }
            offset += length
        }
    }

    private func text(_ range: Range<Int>) -> String {
        var text = ""
        for index in range.prefix(100) { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        return text
    }
}
