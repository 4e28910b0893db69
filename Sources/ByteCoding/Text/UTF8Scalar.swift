/// Checks UTF-8 beyond ASCII, scalar by scalar.
package enum UTF8Scalar {
    /// How many bytes the scalar beyond ASCII at `index` has; nil if it is not well-formed (Unicode 15, table 3-7).
    static func length(in source: Span<UInt8>, at index: Int) -> Int? {
        let lead = source[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0:
            length = 3
            second = 0xA0...0xBF
        case 0xED:
            length = 3
            second = 0x80...0x9F
        case 0xE1...0xEF: length = 3
        case 0xF0:
            length = 4
            second = 0x90...0xBF
        case 0xF4:
            length = 4
            second = 0x80...0x8F
        case 0xF1...0xF3: length = 4
        default: return nil
        }
        guard source.count - index >= length, second.contains(source[index + 1]) else { return nil }
        for next in (index + 2)..<(index + max(length, 2)) where source[next] & 0xC0 != 0x80 { return nil }
        return length
    }

    /// Whether all bytes are well-formed UTF-8.
    package static func areValid(in source: Span<UInt8>) -> Bool {
        var index = 0
        while index < source.count {
            if source[index] < 0x80 {
                index &+= 1
            } else if let length = length(in: source, at: index) {
                index += length
            } else {
                return false
            }
        }
        return true
    }
}
