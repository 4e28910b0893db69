/// One place in a connection's line of answers: from the moment its request's head was read until its last byte has
/// joined the output.
struct HTTP1ResponseSlot {
    struct Flags: OptionSet {
        let rawValue: UInt16
        static let isHead = Flags(rawValue: 1)
        static let isHTTP10 = Flags(rawValue: 2)
        /// The connection ends after this answer.
        static let closes = Flags(rawValue: 4)
        /// An answer has begun; its head is written.
        static let started = Flags(rawValue: 8)
        static let chunked = Flags(rawValue: 16)
        /// The answer is whole.
        static let ended = Flags(rawValue: 32)
        /// `send` has returned false: `writable` is owed.
        static let wantsWritable = Flags(rawValue: 64)
        /// The answer has a body of unknown length that ends with the connection (HTTP/1.0).
        static let untilClose = Flags(rawValue: 128)
        /// The coding in which the client likes the answer best.
        static let acceptsGzip = Flags(rawValue: 256)
        static let acceptsDeflate = Flags(rawValue: 512)
    }

    var flags: Flags = []
    /// Bytes of a promised body still to come.
    var owed = 0
    /// What was written before this answer's turn came.
    var parked: [UInt8] = []
    /// Codes the body of an answer that is sent piece by piece.
    var encoder: BodyEncoder?
}

extension HTTP1ResponseSlot.Flags {
    /// The coding in which the client likes the answer best.
    var accepted: ContentCoding {
        if contains(.acceptsGzip) { return .gzip }
        return contains(.acceptsDeflate) ? .deflate : .identity
    }
}
