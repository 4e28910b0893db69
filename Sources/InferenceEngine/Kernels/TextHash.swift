/// Hashing and comparing short strings, eight bytes at a time.
///
/// Categories are the model's, and a table is at most half full, so that an unknown string costs a few probes
/// whatever it is: nobody outside chooses what collides.
enum TextHash {
    /// 64 bits of the bytes and their count.
    static func hash(_ text: Span<UInt8>) -> UInt64 {
        let bytes = unsafe text.bytes
        let count = bytes.byteCount
        var state = 0x9e37_79b9_7f4a_7c15 ^ UInt64(truncatingIfNeeded: count)
        var offset = 0
        while offset &+ 8 <= count {
            let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            state = mix(state ^ word)
            offset &+= 8
        }
        guard offset < count else { return state }
        var last: UInt64 = 0
        if count >= 8 {
            // The last eight bytes, some of them for the second time.
            last = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: count &- 8, as: UInt64.self)
        } else {
            while offset < count {
                last = last << 8 | UInt64(unsafe text[unchecked: offset])
                offset &+= 1
            }
        }
        return mix(state ^ last)
    }

    /// Whether both hold the same bytes.
    static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where unsafe left[unchecked: index] != right[unchecked: index] { return false }
        return true
    }

    @inline(always)
    static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return product.high ^ product.low
    }
}
