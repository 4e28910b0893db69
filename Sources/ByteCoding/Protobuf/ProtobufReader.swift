/// Pulls fields out of one protobuf message in a contiguous buffer, without a tree of values.
///
/// The caller's code has the shape of the schema; what it does not know it skips:
///
///     var reader = ProtobufReader(bytes)
///     while let field = try reader.nextField() {
///         switch field.number {
///         case 1: name = try reader.string(field)
///         case 3:
///             var elements = try reader.elements(of: field, .varint)
///             while !elements.isAtEnd { shape.append(try elements.readInt64()) }
///         case 5:
///             var part = try reader.message(field)
///             try readTensor(&part)
///         default: try reader.skip(field)
///         }
///     }
///
/// Each field must be read or skipped before the next. A field that is not repeated may still come more than once: the
/// last one counts, and messages are merged; both are the caller's to do. Nothing is allocated except by
/// ``string(_:)``, and any bytes lead to values or to an error. Encoding: protobuf.dev/programming-guides/encoding.
///
/// - Complexity: linear in the bytes read.
package struct ProtobufReader: ~Escapable {
    /// Groups in groups that ``skip(_:)`` follows.
    package static let groupDepthMax = 32

    private let source: Span<UInt8>
    /// The next byte to read, counted from the start of the outermost message.
    package private(set) var offset: Int
    /// Where this message ends in the outermost one.
    private let end: Int

    /// A reader at the start of `bytes`.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        source = bytes
        offset = 0
        end = bytes.count
    }

    @_lifetime(copy source)
    private init(_ source: Span<UInt8>, _ range: Range<Int>) {
        self.source = source
        offset = range.lowerBound
        end = range.upperBound
    }

    /// Whether all has been read.
    package var isAtEnd: Bool { offset == end }

    /// How many bytes are left.
    package var count: Int { end - offset }

    /// The next field's tag; nil at the end of the message.
    package mutating func nextField() throws(ProtobufError) -> ProtobufField? {
        guard offset < end else { return nil }
        let start = offset
        let tag = try readVarint()
        guard let tag = UInt32(exactly: tag) else { throw ProtobufError(offset: start, reason: .badFieldNumber) }
        guard let wireType = ProtobufWireType(rawValue: UInt8(tag & 7)) else {
            throw ProtobufError(offset: start, reason: .badWireType(UInt8(tag & 7)))
        }
        guard tag >> 3 != 0 else { throw ProtobufError(offset: start, reason: .badFieldNumber) }
        return ProtobufField(number: tag >> 3, wireType: wireType, offset: start)
    }

    // MARK: Values of a field

    /// A `uint64`.
    package mutating func uint64(_ field: ProtobufField) throws(ProtobufError) -> UInt64 {
        try expect(.varint, field)
        return try readVarint()
    }

    /// An `int64` or an `enum` (not `sint64`).
    package mutating func int64(_ field: ProtobufField) throws(ProtobufError) -> Int64 {
        Int64(bitPattern: try uint64(field))
    }

    /// A `uint32`; of a longer varint the low 32 bits, as other readers take it.
    package mutating func uint32(_ field: ProtobufField) throws(ProtobufError) -> UInt32 {
        UInt32(truncatingIfNeeded: try uint64(field))
    }

    /// An `int32`; of a longer varint the low 32 bits, since a negative one is written with ten bytes.
    package mutating func int32(_ field: ProtobufField) throws(ProtobufError) -> Int32 {
        Int32(truncatingIfNeeded: try uint64(field))
    }

    /// A `bool`: anything but 0 is true.
    package mutating func bool(_ field: ProtobufField) throws(ProtobufError) -> Bool { try uint64(field) != 0 }

    /// A `float`.
    package mutating func float(_ field: ProtobufField) throws(ProtobufError) -> Float {
        try expect(.fixed32, field)
        return try readFloat()
    }

    /// A `double`.
    package mutating func double(_ field: ProtobufField) throws(ProtobufError) -> Double {
        try expect(.fixed64, field)
        return try readDouble()
    }

    /// A `fixed32`.
    package mutating func fixed32(_ field: ProtobufField) throws(ProtobufError) -> UInt32 {
        try expect(.fixed32, field)
        return try readFixed32()
    }

    /// A `fixed64`.
    package mutating func fixed64(_ field: ProtobufField) throws(ProtobufError) -> UInt64 {
        try expect(.fixed64, field)
        return try readFixed64()
    }

    /// Where the bytes of a `bytes` field lie in the outermost message.
    package mutating func range(_ field: ProtobufField) throws(ProtobufError) -> Range<Int> {
        try expect(.bytes, field)
        return try readLengthDelimited()
    }

    /// A `bytes` field, without a copy.
    @_lifetime(copy self)
    package mutating func bytes(_ field: ProtobufField) throws(ProtobufError) -> Span<UInt8> {
        let range = try range(field)
        return source.extracting(range)
    }

    /// A `string`. Allocates.
    ///
    /// - Throws: where it is not UTF-8, which the schema language forbids.
    package mutating func string(_ field: ProtobufField) throws(ProtobufError) -> String {
        let range = try range(field)
        let bytes = [UInt8](copying: source.extracting(range))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ProtobufError(offset: range.lowerBound, reason: .invalidUTF8)
        }
        return text
    }

    /// A message within this one; its offsets are those of the outermost.
    @_lifetime(copy self)
    package mutating func message(_ field: ProtobufField) throws(ProtobufError) -> ProtobufReader {
        let range = try range(field)
        return ProtobufReader(source, range)
    }

    /// The elements of a repeated field of numbers, to be read until ``isAtEnd``: all of them where they are packed,
    /// else the one that stands here. Readers must take both forms.
    @_lifetime(copy self)
    package mutating func elements(
        of field: ProtobufField, _ layout: ProtobufWireType
    ) throws(ProtobufError) -> ProtobufReader {
        if field.wireType == .bytes {
            let range = try readLengthDelimited()
            return ProtobufReader(source, range)
        }
        try expect(layout, field)
        let start = offset
        try skipValue(field.wireType)
        return ProtobufReader(source, start..<offset)
    }

    /// Passes over a field's value; groups with all that is in them.
    package mutating func skip(_ field: ProtobufField) throws(ProtobufError) {
        guard field.wireType == .groupStart || field.wireType == .groupEnd else {
            return try skipValue(field.wireType)
        }
        // The groups that are open, in a list of fixed length instead of the call stack.
        var open = InlineArray<32, UInt32>(repeating: 0)
        var depth = 0
        var current = field
        while true {
            switch current.wireType {
            case .groupStart:
                guard depth < Self.groupDepthMax else {
                    throw ProtobufError(
                        offset: current.offset, reason: .groupsTooDeep(depthMax: Self.groupDepthMax))
                }
                open[depth] = current.number
                depth += 1
            case .groupEnd:
                guard depth > 0, open[depth - 1] == current.number else {
                    throw ProtobufError(offset: current.offset, reason: .unmatchedGroupEnd)
                }
                depth -= 1
                if depth == 0 { return }
            default: try skipValue(current.wireType)
            }
            guard let next = try nextField() else { throw ProtobufError(offset: offset, reason: .truncated) }
            current = next
        }
    }

    // MARK: Bare values: the elements of a packed field

    /// The next varint.
    @inline(__always)
    package mutating func readVarint() throws(ProtobufError) -> UInt64 {
        // Most are one byte: tags, lengths, small numbers.
        if offset < end {
            let byte = source[offset]
            if byte < 0x80 {
                offset &+= 1
                return UInt64(byte)
            }
        }
        return try readLongVarint()
    }

    /// The next varint as an `int64`.
    package mutating func readInt64() throws(ProtobufError) -> Int64 { Int64(bitPattern: try readVarint()) }

    /// The next four bytes.
    @inline(__always)
    package mutating func readFixed32() throws(ProtobufError) -> UInt32 {
        guard end &- offset >= 4 else { throw ProtobufError(offset: offset, reason: .truncated) }
        var value: UInt32 = 0
        for place in 0..<4 { value |= UInt32(source[offset &+ place]) << UInt32(place &* 8) }
        offset &+= 4
        return value
    }

    /// The next eight bytes.
    @inline(__always)
    package mutating func readFixed64() throws(ProtobufError) -> UInt64 {
        guard end &- offset >= 8 else { throw ProtobufError(offset: offset, reason: .truncated) }
        var value: UInt64 = 0
        for place in 0..<8 { value |= UInt64(source[offset &+ place]) << UInt64(place &* 8) }
        offset &+= 8
        return value
    }

    /// The next four bytes as a `float`.
    package mutating func readFloat() throws(ProtobufError) -> Float { Float(bitPattern: try readFixed32()) }

    /// The next eight bytes as a `double`.
    package mutating func readDouble() throws(ProtobufError) -> Double { Double(bitPattern: try readFixed64()) }

    // MARK: Helpers

    private func expect(_ wireType: ProtobufWireType, _ field: ProtobufField) throws(ProtobufError) {
        guard field.wireType == wireType else {
            throw ProtobufError(
                offset: field.offset,
                reason: .wrongWireType(field: field.number, found: field.wireType, expected: wireType))
        }
    }

    private mutating func readLongVarint() throws(ProtobufError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var index = offset
        while index < end {
            let byte = source[index]
            index &+= 1
            // The tenth byte has room for one bit.
            if shift == 63, byte > 1 { throw ProtobufError(offset: start, reason: .varintTooLong) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                offset = index
                return value
            }
            shift &+= 7
        }
        throw ProtobufError(offset: end, reason: .truncated)
    }

    private mutating func readLengthDelimited() throws(ProtobufError) -> Range<Int> {
        let start = offset
        let length = try readVarint()
        guard length <= UInt64(end - offset) else { throw ProtobufError(offset: start, reason: .truncated) }
        let range = offset..<offset + Int(length)
        offset = range.upperBound
        return range
    }

    private mutating func skipValue(_ wireType: ProtobufWireType) throws(ProtobufError) {
        switch wireType {
        case .varint: _ = try readVarint()
        case .fixed64: _ = try readFixed64()
        case .bytes: _ = try readLengthDelimited()
        case .fixed32: _ = try readFixed32()
        case .groupStart, .groupEnd: throw ProtobufError(offset: offset, reason: .unmatchedGroupEnd)
        }
    }
}

extension Array<UInt8> {
    fileprivate init(copying bytes: Span<UInt8>) {
        self.init(capacity: bytes.count) { output in
            for index in 0..<bytes.count { output.append(bytes[index]) }
        }
    }
}
