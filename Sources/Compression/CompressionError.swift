/// Why compressed bytes were refused, and how far they had been read.
package struct CompressionError: Error, Equatable, Sendable {
    /// Bytes of the input that had been consumed.
    package let offset: Int
    package let reason: Reason

    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    package enum Reason: Equatable, Sendable {
        /// No format that is read begins so.
        case unknownFormat
        /// The input ends inside a stream.
        case truncated
        /// The stream contradicts itself: a bad code, length or checksum.
        case corrupt
        /// The stream refers to a dictionary that is not in it.
        case needsDictionary
        /// Bytes follow the last stream.
        case trailingBytes(count: Int)
        case outputTooLarge(bytesMax: Int)
        case ratioTooLarge(ratioMax: Int)
        /// The library could not allocate its window.
        case outOfMemory
        /// The stream asks for a larger window than the decoder may have.
        case windowTooLarge(bytesMax: Int)
    }
}

extension CompressionError: CustomStringConvertible {
    package var description: String { "byte \(offset): \(reason)" }
}

extension CompressionError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownFormat: "the bytes are not of a compressed format that is read"
        case .truncated: "the compressed data ends too early"
        case .corrupt: "the compressed data is corrupt"
        case .needsDictionary: "the compressed data needs a preset dictionary, which is not supported"
        case .trailingBytes(let count): "\(count) bytes follow the compressed data, expected none"
        case .outputTooLarge(let bytesMax): "the data is larger than \(bytesMax) bytes when decompressed"
        case .ratioTooLarge(let ratioMax): "the data is more than \(ratioMax) times larger when decompressed"
        case .outOfMemory: "no memory to decompress"
        case .windowTooLarge(let bytesMax): "the compressed data needs more than \(bytesMax) bytes of memory to read"
        }
    }
}
