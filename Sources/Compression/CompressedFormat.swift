/// The compressed formats that can be told by their first bytes.
///
///     78 01|5E|9C|DA ...      zlib, RFC 1950: method 8, and the two bytes a multiple of 31
///     1F 8B                   gzip, RFC 1952
///     "BZh"                   bzip2
///     FD "7zXZ" 00            xz
///     5D 00 00                lzma alone, as every writer's default begins
///     04 22 4D 18             lz4 frame
package enum CompressedFormat: String, Sendable, Equatable, CaseIterable {
    case zlib, gzip, bzip2, xz, lzma, lz4

    /// The format that `bytes` begin with; nil if none.
    package init?(detecting bytes: Span<UInt8>) {
        guard bytes.count >= 2 else { return nil }
        let (first, second) = (bytes[0], bytes[1])
        if first == 0x1F, second == 0x8B {
            self = .gzip
        } else if first & 0x0F == 8, first >> 4 <= 7, (UInt16(first) << 8 | UInt16(second)) % 31 == 0 {
            // Method 8 with a window of at most 32 KiB, and a header checksum: RFC 1950 2.2.
            self = .zlib
        } else if let format = Self.magics.first(where: { Self.starts(bytes, with: $0.magic) })?.format {
            self = format
        } else {
            return nil
        }
    }

    private static let magics: [(magic: [UInt8], format: CompressedFormat)] = [
        (Array("BZh".utf8), .bzip2), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], .xz), ([0x5D, 0, 0], .lzma),
        ([0x04, 0x22, 0x4D, 0x18], .lz4),
    ]

    private static func starts(_ bytes: Span<UInt8>, with magic: [UInt8]) -> Bool {
        guard bytes.count >= magic.count else { return false }
        for index in magic.indices where bytes[index] != magic[index] { return false }
        return true
    }
}
