/// A field's tag: its number and how its value is laid out.
package struct ProtobufField: Equatable, Sendable {
    /// The largest number a field may have: 29 bits.
    package static let numberMax: UInt32 = (1 << 29) - 1

    /// From 1 to ``numberMax``.
    package let number: UInt32
    package let wireType: ProtobufWireType
    /// Where its tag begins in the message, for errors.
    package let offset: Int
}
