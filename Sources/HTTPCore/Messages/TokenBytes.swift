/// The bytes of a token: names of fields and methods (RFC 9110 5.6.2).
enum TokenBytes {
    // A set of 128 bits: "!#$%&'*+-.^_`|~", digits, letters.
    private static let low: UInt64 = 0x03FF_6CFA_0000_0000
    private static let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    /// Whether `byte` may stand in a token.
    @inline(__always)
    static func contains(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        return (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 != 0
    }
}
