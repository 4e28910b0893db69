/// MurmurHash3 for 32 bits (x86), by which scikit-learn hashes terms.
enum MurmurHash3 {
    static func hash(_ bytes: Span<UInt8>, seed: UInt32 = 0) -> UInt32 {
        let first: UInt32 = 0xcc9e_2d51
        let second: UInt32 = 0x1b87_3593
        var state = seed
        let blockEnd = bytes.count & ~3
        var index = 0
        while index < blockEnd {
            var block =
                UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
                | UInt32(bytes[index + 3]) << 24
            block = rotated(block &* first, 15) &* second
            state = rotated(state ^ block, 13) &* 5 &+ 0xe654_6b64
            index += 4
        }
        var tail: UInt32 = 0
        var place = bytes.count - 1
        while place >= blockEnd {
            tail = tail << 8 | UInt32(bytes[place])
            place -= 1
        }
        if blockEnd < bytes.count { state ^= rotated(tail &* first, 15) &* second }
        state ^= UInt32(truncatingIfNeeded: bytes.count)
        state = (state ^ state >> 16) &* 0x85eb_ca6b
        state = (state ^ state >> 13) &* 0xc2b2_ae35
        return state ^ state >> 16
    }

    private static func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 {
        value << count | value >> (32 - count)
    }
}
