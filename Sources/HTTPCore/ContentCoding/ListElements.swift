/// Walks through the elements of a list `a, b ,, c` (RFC 9110 5.6.1), without the white space around them; empty ones
/// are passed over, as a recipient has to.
struct ListElements {
    private var position = 0

    /// Makes a walk from the start.
    init() {}

    /// Where the next element lies in `list`; never empty.
    mutating func next(in list: Span<UInt8>) -> Range<Int>? {
        while position < list.count {
            let start = position
            let stop = ByteSearch.firstIndex(of: UInt8(ascii: ","), in: list, from: start, to: list.count)
            position = stop + 1
            let element = ListElements.trimmed(list, start..<stop)
            if !element.isEmpty { return element }
        }
        return nil
    }

    /// `range` without spaces and tabs at its ends.
    static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isWhiteSpace(bytes[start]) { start += 1 }
        while end > start, isWhiteSpace(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
