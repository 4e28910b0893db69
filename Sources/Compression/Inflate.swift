/// Decompresses whole zlib and gzip buffers within the bounds of ``Decompression``.
package enum Inflate {
    /// Output that needs no proportion to its input.
    package static let freeBytes = Decompression.freeBytes

    /// Decompresses one zlib stream (RFC 1950). Any byte behind it is an error.
    package static func zlib(
        _ input: Span<UInt8>, outputBytesMax: Int, ratioMax: Int
    ) throws(CompressionError) -> [UInt8] {
        try Decompression.bytes(of: input, as: .zlib, outputBytesMax: outputBytesMax, ratioMax: ratioMax)
    }

    /// Decompresses gzip (RFC 1952), its members joined.
    package static func gzip(
        _ input: Span<UInt8>, outputBytesMax: Int, ratioMax: Int
    ) throws(CompressionError) -> [UInt8] {
        try Decompression.bytes(of: input, as: .gzip, outputBytesMax: outputBytesMax, ratioMax: ratioMax)
    }

    /// Decompresses what the first bytes announce.
    package static func auto(
        _ input: Span<UInt8>, outputBytesMax: Int, ratioMax: Int
    ) throws(CompressionError) -> [UInt8] {
        try Decompression.bytes(of: input, outputBytesMax: outputBytesMax, ratioMax: ratioMax)
    }
}
