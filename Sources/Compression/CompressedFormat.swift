/// The wrappings of a deflate stream that can be told by their first two bytes.
package enum CompressedFormat: Sendable, Equatable {
    /// RFC 1950: `78 01`, `78 5E`, `78 9C`, `78 DA` and their kin.
    case zlib
    /// RFC 1952: `1F 8B`.
    case gzip

    /// The format that `bytes` begin with.
    package init?(detecting bytes: Span<UInt8>) {
        guard bytes.count >= 2 else { return nil }
        let first = bytes[0]
        let second = bytes[1]
        if first == 0x1F, second == 0x8B {
            self = .gzip
        } else if first & 0x0F == 8, first >> 4 <= 7, (UInt16(first) << 8 | UInt16(second)) % 31 == 0 {
            // Method 8 with a window of at most 32 KiB, and a header checksum: RFC 1950 2.2.
            self = .zlib
        } else {
            return nil
        }
    }
}
