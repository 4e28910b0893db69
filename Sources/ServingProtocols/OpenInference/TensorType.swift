internal import HTTPCore

/// The types of tensor elements of the Open Inference Protocol.
///
/// | | bytes | in binary, little endian |
/// |---|---|---|
/// | `BOOL` | 1 | 0 is false |
/// | `UINT8` ... `UINT64`, `INT8` ... `INT64` | 1, 2, 4, 8 | |
/// | `FP16`, `BF16`, `FP32`, `FP64` | 2, 2, 4, 8 | IEEE 754; `BF16` is the upper half of `FP32` |
/// | `BYTES` | | of each element: its length in four bytes, then itself |
package enum TensorType: UInt8, Sendable, CaseIterable {
    case bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64, fp16, bf16, fp32, fp64, bytes

    package var name: StaticString {
        switch self {
        case .bool: "BOOL"
        case .uint8: "UINT8"
        case .uint16: "UINT16"
        case .uint32: "UINT32"
        case .uint64: "UINT64"
        case .int8: "INT8"
        case .int16: "INT16"
        case .int32: "INT32"
        case .int64: "INT64"
        case .fp16: "FP16"
        case .bf16: "BF16"
        case .fp32: "FP32"
        case .fp64: "FP64"
        case .bytes: "BYTES"
        }
    }

    /// The type of that name, in capitals as it is.
    init?(_ name: Span<UInt8>) {
        for type in Self.allCases where name.equals(type.name) {
            self = type
            return
        }
        return nil
    }

    /// Bytes of an element; nil for `bytes`, whose elements differ in length.
    package var byteCount: Int? {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16, .fp16, .bf16: 2
        case .uint32, .int32, .fp32: 4
        case .uint64, .int64, .fp64: 8
        case .bytes: nil
        }
    }

    /// Whether elements are of a floating point type, in which NaN is a missing value.
    var isFloat: Bool { self == .fp16 || self == .bf16 || self == .fp32 || self == .fp64 }

    /// The smallest and the largest integer; nil for the other types, and for `uint64`.
    var integers: ClosedRange<Int64>? {
        switch self {
        case .uint8: 0...255
        case .uint16: 0...65_535
        case .uint32: 0...4_294_967_295
        case .int8: -128...127
        case .int16: -32_768...32_767
        case .int32: -2_147_483_648...2_147_483_647
        case .int64: .min ... .max
        case .bool, .uint64, .fp16, .bf16, .fp32, .fp64, .bytes: nil
        }
    }
}
