/// One element of an array, read from its bytes.
struct NumPyElement {
    let value: PickleValue

    /// - Precondition: the type is a number's or a boolean's, and `bytes` holds its bytes from `offset` on.
    init(_ dataType: NumPyDataType, _ bytes: Span<UInt8>, at offset: Int) {
        var pattern: UInt64 = 0
        for index in 0..<dataType.itemBytes {
            let place = dataType.isBigEndian ? dataType.itemBytes - 1 - index : index
            pattern |= UInt64(bytes[offset + index]) << UInt64(place * 8)
        }
        let bits = UInt64(dataType.itemBytes * 8)
        switch dataType.kind {
        case .boolean: value = .boolean(pattern != 0)
        case .signed:
            // Moved to the top and back, so that the sign fills.
            value = .integer(Int64(bitPattern: pattern << (64 - bits)) >> Int64(64 - bits))
        case .unsigned:
            if let integer = Int64(exactly: pattern) {
                value = .integer(integer)
            } else {
                value = .float(Double(pattern))
            }
        case .float:
            switch dataType.itemBytes {
            case 2: value = .float(Double(Float16(bitPattern: UInt16(pattern))))
            case 4: value = .float(Double(Float(bitPattern: UInt32(pattern))))
            default: value = .float(Double(bitPattern: pattern))
            }
        case .complex, .text, .bytes, .object, .opaque: value = .none
        }
    }

    /// The element as a number; 64-bit integers beyond 2^53 are rounded.
    var double: Double {
        switch value {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .float(let value): value
        case .none, .bigInteger, .text, .bytes, .node: .nan
        }
    }
}
