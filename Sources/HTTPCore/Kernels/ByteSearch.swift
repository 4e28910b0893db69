/// Finding bytes eight at a time in spans of the wire.
///
/// A head is mostly names and values of 5 to 50 bytes; the checked byte loop costs about 1 ns a byte, this about 0.2. A
/// last word is read whole where the span goes on behind the searched part, as it does in all but a head's last line.
enum ByteSearch {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The index of the first `byte` in `bytes[start..<end]`, or `end`.
    @inline(__always)
    static func firstIndex(of byte: UInt8, in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && start <= end && end <= bytes.count)
        let pattern = UInt64(byte) &* ones
        let wordsEnd = min(end, bytes.count &- 7)
        return unsafe bytes.withUnsafeBytes { raw in
            var index = start
            while index < wordsEnd {
                let word = unsafe UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                // Exact for the lowest match: a borrow can only disturb bytes above it.
                let difference = word ^ pattern
                let match = (difference &- ones) & ~difference & tops
                if match != 0 { return min(end, index &+ match.trailingZeroBitCount >> 3) }
                index &+= 8
            }
            while index < end {
                if unsafe raw[index] == byte { return index }
                index &+= 1
            }
            return end
        }
    }

    /// Whether `bytes[start..<end]` holds a byte that a field value must not: a control other than HTAB (RFC 9110 5.5).
    @inline(__always)
    static func hasForbiddenValueByte(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        precondition(start >= 0 && start <= end && end <= bytes.count)
        let wordsEnd = min(end, bytes.count &- 7)
        return unsafe bytes.withUnsafeBytes { raw in
            var index = start
            while index < wordsEnd {
                let word = unsafe UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                // Bytes below 0x20, and 0x7F, marked by their top bit. Borrows may mark more, above a true one: the
                // line's own CR behind the last value is marked, too. Then look closely.
                let low = (word &- (0x20 &* ones)) & ~word
                let delete = word ^ (0x7F &* ones)
                let isDelete = (delete &- ones) & ~delete
                let marked = (low | isDelete) & tops
                if marked != 0, index &+ marked.trailingZeroBitCount >> 3 < end {
                    return unsafe hasForbidden(raw, index, end)
                }
                index &+= 8
            }
            return index < end ? unsafe hasForbidden(raw, index, end) : false
        }
    }

    @inline(never)
    private static func hasForbidden(_ raw: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        for index in start..<end {
            let byte = unsafe raw[index]
            if (byte < 0x20 && byte != 0x09) || byte == 0x7F { return true }
        }
        return false
    }
}
