internal import TensorCore

/// Numbers in binary tensors, whose bytes need no alignment. All bounds are checked once, at the top.
enum TensorBytes {
    /// What a tensor of floats held besides finite numbers.
    struct Found {
        var hasNaN = false
        var hasInfinity = false
    }

    /// Widens the numbers of a tensor to the bits of doubles, each `stride` slots behind the one before it.
    ///
    /// - Parameters:
    ///   - bytes: exactly the tensor's.
    ///   - type: not `bytes`.
    ///   - start: the first number's slot.
    static func widen(
        _ bytes: Span<UInt8>, as type: TensorType, into slots: inout MutableSpan<UInt64>, at start: Int, stride: Int
    ) -> Found {
        switch type {
        case .fp64: floats(bytes, into: &slots, start, stride) { (bits: UInt64) in Double(bitPattern: bits) }
        case .fp32:
            floats(bytes, into: &slots, start, stride) { (bits: UInt32) in Double(Float(bitPattern: bits)) }
        case .fp16: floats(bytes, into: &slots, start, stride) { (bits: UInt16) in Double(Float16(bitPattern: bits)) }
        case .bf16:
            floats(bytes, into: &slots, start, stride) { (bits: UInt16) in
                Double(Float(bitPattern: UInt32(bits) << 16))
            }
        case .bool: floats(bytes, into: &slots, start, stride) { (byte: UInt8) in byte == 0 ? 0 : 1 }
        case .uint8: floats(bytes, into: &slots, start, stride) { (value: UInt8) in Double(value) }
        case .uint16: floats(bytes, into: &slots, start, stride) { (value: UInt16) in Double(value) }
        case .uint32: floats(bytes, into: &slots, start, stride) { (value: UInt32) in Double(value) }
        case .uint64: floats(bytes, into: &slots, start, stride) { (value: UInt64) in Double(value) }
        case .int8: floats(bytes, into: &slots, start, stride) { (value: Int8) in Double(value) }
        case .int16: floats(bytes, into: &slots, start, stride) { (value: Int16) in Double(value) }
        case .int32: floats(bytes, into: &slots, start, stride) { (value: Int32) in Double(value) }
        case .int64: floats(bytes, into: &slots, start, stride) { (value: Int64) in Double(value) }
        case .bytes: preconditionFailure("bytes are no numbers")
        }
    }

    /// Number `index` of a tensor.
    static func element(_ bytes: Span<UInt8>, as type: TensorType, _ index: Int) -> TensorElement {
        switch type {
        case .fp64: .float(Double(bitPattern: load(bytes, index)))
        case .fp32: .float(Double(Float(bitPattern: load(bytes, index))))
        case .fp16: .float(Double(Float16(bitPattern: load(bytes, index))))
        case .bf16: .float(Double(Float(bitPattern: UInt32(load(bytes, index) as UInt16) << 16)))
        case .bool: .bool((load(bytes, index) as UInt8) != 0)
        case .uint8: .integer(Int64(load(bytes, index) as UInt8))
        case .uint16: .integer(Int64(load(bytes, index) as UInt16))
        case .uint32: .integer(Int64(load(bytes, index) as UInt32))
        case .uint64: integer(load(bytes, index))
        case .int8: .integer(Int64(load(bytes, index) as Int8))
        case .int16: .integer(Int64(load(bytes, index) as Int16))
        case .int32: .integer(Int64(load(bytes, index) as Int32))
        case .int64: .integer(load(bytes, index))
        case .bytes: preconditionFailure("bytes are no numbers")
        }
    }

    /// The four bytes at `offset`, least significant first: the length of an element of `bytes`.
    static func length(_ bytes: Span<UInt8>, at offset: Int) -> Int {
        precondition(offset >= 0 && bytes.count - offset >= 4, "outside of the tensor")
        return Int(
            UInt32(littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    private static func integer(_ value: UInt64) -> TensorElement {
        Int64(exactly: value).map { .integer($0) } ?? .unsigned(value)
    }

    private static func load<Value: FixedWidthInteger & BitwiseCopyable>(_ bytes: Span<UInt8>, _ index: Int) -> Value {
        let size = MemoryLayout<Value>.size
        precondition(index >= 0 && (index + 1) * size <= bytes.count, "outside of the tensor")
        return Value(
            littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index * size, as: Value.self))
    }

    @inline(__always)
    private static func floats<Value: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: Span<UInt8>, into slots: inout MutableSpan<UInt64>, _ start: Int, _ stride: Int,
        _ number: (Value) -> Double
    ) -> Found {
        let size = MemoryLayout<Value>.size
        let count = bytes.count / size
        guard count > 0 else { return Found() }
        precondition(
            bytes.count == count * size && start >= 0 && stride > 0 && start + (count - 1) * stride < slots.count,
            "the numbers do not fit the slots")
        let raw = unsafe bytes.bytes
        var found = Found()
        var slot = start
        for index in 0..<count {
            let bits = Value(
                littleEndian: unsafe raw.unsafeLoadUnaligned(fromByteOffset: index &* size, as: Value.self))
            let value = number(bits)
            found.hasNaN = found.hasNaN || value.isNaN
            found.hasInfinity = found.hasInfinity || value.isInfinite
            unsafe slots[unchecked: slot] = value.bitPattern
            slot &+= stride
        }
        return found
    }
}

extension Array<UInt8> {
    /// Appends doubles as a binary tensor has them.
    mutating func append(numbers: Span<Double>) {
        unsafe numbers.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    /// The same for floats.
    mutating func append(numbers: Span<Float>) {
        unsafe numbers.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }
}
