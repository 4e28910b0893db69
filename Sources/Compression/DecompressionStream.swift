/// A decoder of one compressed format, fed and drained piece by piece. Each owns a C library's state and is the only
/// place that calls it.
protocol DecompressionStream: ~Copyable {
    /// Decompresses from the front of `input` to the end of `output`, at most `bytesMax` bytes.
    ///
    /// - Returns: the bytes of input used, and why it stopped.
    mutating func decompress(
        _ input: Span<UInt8>, into output: inout OutputSpan<UInt8>, bytesMax: Int
    ) -> (consumed: Int, status: DecompressionStatus)

    /// Begins anew, for a stream that follows the last.
    mutating func restart() throws(CompressionError)
}

/// Why a step of decompression stopped.
package enum DecompressionStatus: Equatable, Sendable {
    /// The output is full; there may be more.
    case goesOn
    /// All input is used up, and the stream has not ended.
    case starved
    /// The stream has ended, its checksum was right.
    case ended
    case failed(CompressionError.Reason)
}
