internal import CZlib

/// CRC-32 as zip and gzip have it (ISO 3309).
enum Checksum {
    static func crc32(_ bytes: Span<UInt8>) -> UInt32 {
        var checksum: UInt = 0
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe checksum = CZlib.crc32_z(0, buffer.baseAddress, buffer.count)
        }
        return UInt32(truncatingIfNeeded: checksum)
    }
}
