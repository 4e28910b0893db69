/// The five bytes before each message; see ``GRPCMessageReader``.
package enum GRPCMessagePrefix {
    /// Appends the prefix of a message of `count` bytes.
    package static func append(count: Int, isCompressed: Bool, to bytes: inout [UInt8]) {
        precondition(count <= Int(UInt32.max), "a message's length has 32 bits")
        bytes.append(isCompressed ? 1 : 0)
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }

    /// Appends a message with its prefix, compressed; nothing where that would not make it shorter.
    ///
    /// - Returns: whether it did.
    static func append(
        _ message: Span<UInt8>, compressedBy compressor: GRPCMessageCompressor, to bytes: inout [UInt8]
    ) -> Bool {
        let start = bytes.count
        append(count: 0, isCompressed: true, to: &bytes)
        let bodyStart = bytes.count
        guard compressor.append(message, to: &bytes) else {
            bytes.removeSubrange(start...)
            return false
        }
        let count = bytes.count - bodyStart
        for place in 0..<4 { bytes[start + 1 + place] = UInt8(truncatingIfNeeded: count >> (24 - place * 8)) }
        return true
    }
}
