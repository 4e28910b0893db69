/// Why bytes are not the protobuf message that was asked for, and at which byte.
package struct ProtobufError: Error, Equatable, Sendable {
    /// Byte of the outermost message at which reading stopped, counted from 0.
    package let offset: Int
    package let reason: Reason

    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    package enum Reason: Equatable, Sendable {
        /// The message ends inside a value, or a length reaches beyond its end.
        case truncated
        /// A varint of more than 10 bytes, or of more than 64 bits.
        case varintTooLong
        /// A tag whose number is 0 or over 29 bits.
        case badFieldNumber
        /// A tag of a layout that is not defined.
        case badWireType(UInt8)
        /// The schema wants another layout for this field.
        case wrongWireType(field: UInt32, found: ProtobufWireType, expected: ProtobufWireType)
        /// The end of a group that has not begun, or of another one.
        case unmatchedGroupEnd
        case groupsTooDeep(depthMax: Int)
        case invalidUTF8
    }
}

extension ProtobufError: CustomStringConvertible {
    /// One clause without the message's bytes, safe to send to a client.
    package var description: String {
        let what =
            switch reason {
            case .truncated: "found the end of the message inside a value"
            case .varintTooLong: "found a varint of more than 64 bits"
            case .badFieldNumber: "found a field number out of range, expected 1 to \(ProtobufField.numberMax)"
            case .badWireType(let raw): "found wire type \(raw), expected 0 to 5"
            case .wrongWireType(let field, let found, let expected):
                "field \(field): found wire type \(found.rawValue), expected \(expected.rawValue)"
            case .unmatchedGroupEnd: "found the end of a group that has not begun"
            case .groupsTooDeep(let depthMax): "found deeper groups, expected at most \(depthMax) levels"
            case .invalidUTF8: "found a string that is not UTF-8"
            }
        return "byte \(offset): \(what)"
    }
}
