internal import Compression

/// What the messages of a call are compressed with, each by itself.
package enum GRPCEncoding: Sendable, CaseIterable {
    case identity
    /// A zlib stream (RFC 1950), by the name that HTTP has for it.
    case deflate
    /// RFC 1952.
    case gzip

    /// As `grpc-accept-encoding` tells it.
    static let accepted = "identity,deflate,gzip"

    /// Reads `grpc-encoding`; nil for what is not known here.
    package init?(_ name: Span<UInt8>) {
        for encoding in GRPCEncoding.allCases where name.equalsIgnoringCase(encoding.name) {
            self = encoding
            return
        }
        return nil
    }

    private var name: StaticString {
        switch self {
        case .identity: "identity"
        case .deflate: "deflate"
        case .gzip: "gzip"
        }
    }

    /// A compressed message in full.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` where it grows over a bound, `INTERNAL` where it is not what the call's encoding
    ///   says.
    func decompress(_ message: Span<UInt8>, bytesMax: Int, ratioMax: Int) throws(GRPCStatus) -> [UInt8] {
        do throws(CompressionError) {
            switch self {
            case .identity:
                // The reader of messages has refused it before.
                throw CompressionError(offset: 0, reason: .unknownFormat)
            case .deflate: return try Inflate.zlib(message, outputBytesMax: bytesMax, ratioMax: ratioMax)
            case .gzip: return try Inflate.gzip(message, outputBytesMax: bytesMax, ratioMax: ratioMax)
            }
        } catch {
            switch error.reason {
            case .outputTooLarge, .ratioTooLarge, .outOfMemory:
                throw GRPCStatus(.resourceExhausted, "compressed message: \(error)")
            default: throw GRPCStatus(.internal, "compressed message: \(error)")
            }
        }
    }
}
