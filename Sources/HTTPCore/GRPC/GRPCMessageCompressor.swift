internal import Compression

/// Compresses messages with gzip, one after the other: 256 KiB of zlib's state, one a loop, made when it is first
/// wanted.
final class GRPCMessageCompressor {
    /// Shorter messages are not worth the effort.
    static let messageBytesMin = 1 << 10
    /// The least effort: a tenth longer than at zlib's default, at a third of the time.
    private static let level: Int32 = 1

    private var stream: DeflateStream

    /// Makes a compressor; nil where there is no memory for it.
    init?() {
        do throws(CompressionError) {
            stream = try DeflateStream(.gzip, level: GRPCMessageCompressor.level)
        } catch {
            return nil
        }
    }

    /// Appends a message, compressed.
    ///
    /// - Returns: false where it would not get shorter; what was appended is of no use then.
    func append(_ message: Span<UInt8>, to bytes: inout [UInt8]) -> Bool {
        guard message.count > 1 else { return false }
        stream.restart()
        var isDone = false
        bytes.append(addingCapacity: message.count - 1) { output in
            isDone = stream.deflate(message, into: &output, flush: .finish).isDone
        }
        return isDone
    }
}
