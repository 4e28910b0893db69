/// The five bytes before each message; see ``GRPCMessageReader``.
package enum GRPCMessagePrefix {
    /// Appends the prefix of a message of `count` bytes.
    package static func append(count: Int, isCompressed: Bool, to bytes: inout [UInt8]) {
        precondition(count <= Int(UInt32.max), "a message's length has 32 bits")
        bytes.append(isCompressed ? 1 : 0)
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }
}
