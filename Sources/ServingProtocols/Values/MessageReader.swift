internal import ByteCoding
internal import InferenceAPI

/// A `ProtobufReader` over a request's message whose errors are already the request's.
struct MessageReader: ~Escapable {
    private var reader: ProtobufReader

    @_lifetime(copy message)
    init(_ message: Span<UInt8>) { reader = ProtobufReader(message) }

    @_lifetime(copy reader)
    private init(_ reader: consuming ProtobufReader) { self.reader = reader }

    var isAtEnd: Bool { reader.isAtEnd }

    mutating func nextField() throws(InferenceError) -> ProtobufField? {
        do { return try reader.nextField() } catch { throw Self.malformed(error) }
    }

    mutating func int64(_ field: ProtobufField) throws(InferenceError) -> Int64 {
        do { return try reader.int64(field) } catch { throw Self.malformed(error) }
    }

    mutating func uint64(_ field: ProtobufField) throws(InferenceError) -> UInt64 {
        do { return try reader.uint64(field) } catch { throw Self.malformed(error) }
    }

    mutating func double(_ field: ProtobufField) throws(InferenceError) -> Double {
        do { return try reader.double(field) } catch { throw Self.malformed(error) }
    }

    /// Where the bytes of a field lie in the outermost message.
    mutating func range(_ field: ProtobufField) throws(InferenceError) -> Range<Int> {
        do { return try reader.range(field) } catch { throw Self.malformed(error) }
    }

    @_lifetime(copy self)
    mutating func bytes(_ field: ProtobufField) throws(InferenceError) -> Span<UInt8> {
        do { return try reader.bytes(field) } catch { throw Self.malformed(error) }
    }

    @_lifetime(copy self)
    mutating func message(_ field: ProtobufField) throws(InferenceError) -> MessageReader {
        do { return MessageReader(try reader.message(field)) } catch { throw Self.malformed(error) }
    }

    @_lifetime(copy self)
    mutating func elements(
        of field: ProtobufField, _ layout: ProtobufWireType
    ) throws(InferenceError) -> MessageReader {
        do { return MessageReader(try reader.elements(of: field, layout)) } catch { throw Self.malformed(error) }
    }

    mutating func skip(_ field: ProtobufField) throws(InferenceError) {
        do { try reader.skip(field) } catch { throw Self.malformed(error) }
    }

    mutating func readVarint() throws(InferenceError) -> UInt64 {
        do { return try reader.readVarint() } catch { throw Self.malformed(error) }
    }

    mutating func readFloat() throws(InferenceError) -> Float {
        do { return try reader.readFloat() } catch { throw Self.malformed(error) }
    }

    mutating func readDouble() throws(InferenceError) -> Double {
        do { return try reader.readDouble() } catch { throw Self.malformed(error) }
    }

    private static func malformed(_ error: ProtobufError) -> InferenceError {
        .malformed(
            InferenceProblem(pointer: "", detail: "the message cannot be read: \(error)", offset: error.offset))
    }
}
