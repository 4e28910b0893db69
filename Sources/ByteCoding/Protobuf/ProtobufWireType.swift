/// How a field's value is laid out: the low three bits of its tag.
///
///     0  varint            1 to 10 bytes, seven bits each, the least significant first
///     1  fixed64           8 bytes, little endian
///     2  length-delimited  a varint of the length, then that many bytes
///     3  start of a group  until the matching end; only in files from before proto3
///     4  end of a group
///     5  fixed32           4 bytes, little endian
package enum ProtobufWireType: UInt8, Sendable, CaseIterable {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case groupStart = 3
    case groupEnd = 4
    case fixed32 = 5
}
