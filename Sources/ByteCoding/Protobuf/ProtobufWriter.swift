/// Writes protobuf messages into one buffer that is kept from message to message.
///
/// What is called is written, default values too: proto3's rule to leave those out is the caller's to follow.
/// Nothing is allocated once the buffer has grown to the size of the messages.
///
///     writer.string(1, "double")
///     let part = writer.beginMessage(5)
///     writer.string(1, "x")
///     writer.endMessage(part)
package struct ProtobufWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []

    /// A message whose length is not known yet: where its body begins.
    package struct Mark: Sendable {
        let bodyStart: Int
    }

    /// A writer with room for `capacity` bytes.
    package init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// Forgets what was written; the room stays, unless one message has made it larger than `bytesKeptMax`.
    package mutating func reset(bytesKeptMax: Int = 256 << 10) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= bytesKeptMax)
    }

    /// Hands over what was written, without a copy, and begins anew with an empty buffer.
    package mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        return taken
    }

    // MARK: Values of a field

    /// A `uint64`, `uint32` or `enum`.
    package mutating func uint64(_ number: UInt32, _ value: UInt64) {
        tag(number, .varint)
        varint(value)
    }

    /// An `int64` or `int32`; a negative one takes ten bytes.
    package mutating func int64(_ number: UInt32, _ value: Int64) { uint64(number, UInt64(bitPattern: value)) }

    package mutating func bool(_ number: UInt32, _ value: Bool) { uint64(number, value ? 1 : 0) }

    package mutating func float(_ number: UInt32, _ value: Float) {
        tag(number, .fixed32)
        fixed(value.bitPattern)
    }

    package mutating func double(_ number: UInt32, _ value: Double) {
        tag(number, .fixed64)
        fixed(value.bitPattern)
    }

    package mutating func string(_ number: UInt32, _ text: String) {
        bytes(number, text.utf8.span)
    }

    package mutating func bytes(_ number: UInt32, _ value: Span<UInt8>) {
        tag(number, .bytes)
        varint(UInt64(value.count))
        bytes.append(addingCapacity: value.count) { output in
            for index in 0..<value.count { output.append(value[index]) }
        }
    }

    /// Begins a message within this one, to be ended by ``endMessage(_:)``.
    package mutating func beginMessage(_ number: UInt32) -> Mark {
        tag(number, .bytes)
        // One byte is enough for the length of most.
        bytes.append(0)
        return Mark(bodyStart: bytes.count)
    }

    /// Ends the message that `mark` began, after those that were begun in it.
    ///
    /// - Complexity: O(1) for a body under 128 bytes; a longer one is moved once to make room for its length.
    package mutating func endMessage(_ mark: Mark) {
        let length = bytes.count - mark.bodyStart
        let lengthBytes = Self.size(ofVarint: UInt64(length))
        if lengthBytes > 1 {
            bytes.insert(contentsOf: repeatElement(0, count: lengthBytes - 1), at: mark.bodyStart)
        }
        var rest = UInt64(length)
        for place in 0..<lengthBytes {
            let isLast = place == lengthBytes - 1
            bytes[mark.bodyStart - 1 + place] = UInt8(truncatingIfNeeded: rest & 0x7F) | (isLast ? 0 : 0x80)
            rest >>= 7
        }
    }

    // MARK: Packed repeated fields

    package mutating func packed(_ number: UInt32, _ values: Span<Int64>) {
        var length = 0
        for index in 0..<values.count { length += Self.size(ofVarint: UInt64(bitPattern: values[index])) }
        beginPacked(number, length)
        for index in 0..<values.count { varint(UInt64(bitPattern: values[index])) }
    }

    package mutating func packed(_ number: UInt32, _ values: Span<Float>) {
        beginPacked(number, values.count * 4)
        for index in 0..<values.count { fixed(values[index].bitPattern) }
    }

    package mutating func packed(_ number: UInt32, _ values: Span<Double>) {
        beginPacked(number, values.count * 8)
        for index in 0..<values.count { fixed(values[index].bitPattern) }
    }

    // MARK: Helpers

    /// How many bytes a varint takes.
    static func size(ofVarint value: UInt64) -> Int {
        max(1, (64 - value.leadingZeroBitCount + 6) / 7)
    }

    private mutating func beginPacked(_ number: UInt32, _ length: Int) {
        tag(number, .bytes)
        varint(UInt64(length))
        bytes.reserveCapacity(bytes.count + length)
    }

    private mutating func tag(_ number: UInt32, _ wireType: ProtobufWireType) {
        precondition(number > 0 && number <= ProtobufField.numberMax, "no such field number")
        varint(UInt64(number << 3 | UInt32(wireType.rawValue)))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func fixed<Bits: FixedWidthInteger>(_ value: Bits) {
        for place in 0..<Bits.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value >> Bits(place * 8))) }
    }
}
