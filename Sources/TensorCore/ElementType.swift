/// The type of one tensor element; names are those of NumPy and ONNX.
package enum ElementType: String, Sendable, Hashable, CaseIterable {
    case bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, string

    /// Bytes of one element, or nil for `string`, whose elements differ in length.
    package var byteCount: Int? {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        case .string: nil
        }
    }
}
