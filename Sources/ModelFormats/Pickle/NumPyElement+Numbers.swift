extension NumPyElement {
    /// Adds `count` elements to `values` as numbers, the first at `start` and each `stride` bytes behind the one
    /// before; 64-bit integers beyond 2^53 are rounded. The types of which files have millions need no look at each
    /// element.
    ///
    /// - Precondition: the type is a number's or a boolean's, and `bytes` holds all elements.
    /// - Complexity: O(`count`).
    static func append(
        _ count: Int, of dataType: NumPyDataType, _ bytes: Span<UInt8>, from start: Int, stride: Int,
        to values: inout [Double]
    ) {
        values.reserveCapacity(values.count + count)
        var offset = start
        switch (dataType.kind, dataType.itemBytes, dataType.isBigEndian) {
        case (.float, 8, false):
            for _ in 0..<count {
                values.append(Double(bitPattern: word(bytes, at: offset)))
                offset += stride
            }
        case (.signed, 8, false):
            for _ in 0..<count {
                values.append(Double(Int64(bitPattern: word(bytes, at: offset))))
                offset += stride
            }
        case (.unsigned, 1, _):
            for _ in 0..<count {
                values.append(Double(bytes[offset]))
                offset += stride
            }
        default:
            for _ in 0..<count {
                values.append(NumPyElement(dataType, bytes, at: offset).double)
                offset += stride
            }
        }
    }

    /// The 64 bits at `offset`, the lowest byte first.
    private static func word(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        let low =
            UInt64(bytes[offset]) | UInt64(bytes[offset + 1]) << 8 | UInt64(bytes[offset + 2]) << 16
            | UInt64(bytes[offset + 3]) << 24
        let high =
            UInt64(bytes[offset + 4]) | UInt64(bytes[offset + 5]) << 8 | UInt64(bytes[offset + 6]) << 16
            | UInt64(bytes[offset + 7]) << 24
        return low | high << 32
    }
}
