internal import ByteCoding
internal import InferenceAPI

/// A `JSONReader` over a request's body whose errors are already the request's: a syntax error is an
/// `InferenceError.malformed` with its byte offset.
struct RequestReader: ~Escapable {
    private var reader: JSONReader

    private static let nonFinite = JSONLimits(allowsNonFinite: true)

    /// - Parameter allowsNonFinite: whether `NaN`, `Infinity` and `-Infinity` are numbers.
    @_lifetime(copy body)
    init(_ body: Span<UInt8>, at offset: Int = 0, allowsNonFinite: Bool = false) {
        reader = JSONReader(body, at: offset, limits: allowsNonFinite ? Self.nonFinite : .standard)
    }

    var offset: Int { reader.offset }

    mutating func peek() throws(InferenceError) -> JSONKind {
        do { return try reader.peek() } catch { throw Self.malformed(error) }
    }

    /// The kind of a value that must follow: a body that is cut off here is malformed.
    mutating func peekValue() throws(InferenceError) -> JSONKind {
        let kind = try peek()
        if kind == .end { try skipValue() }
        return kind
    }

    mutating func beginObject() throws(InferenceError) {
        do { try reader.beginObject() } catch { throw Self.malformed(error) }
    }

    mutating func nextKey() throws(InferenceError) -> JSONStringToken? {
        do { return try reader.nextKey() } catch { throw Self.malformed(error) }
    }

    mutating func beginArray() throws(InferenceError) {
        do { try reader.beginArray() } catch { throw Self.malformed(error) }
    }

    mutating func nextElement() throws(InferenceError) -> Bool {
        do { return try reader.nextElement() } catch { throw Self.malformed(error) }
    }

    mutating func readString() throws(InferenceError) -> JSONStringToken {
        do { return try reader.readString() } catch { throw Self.malformed(error) }
    }

    mutating func readDouble() throws(InferenceError) -> Double {
        do { return try reader.readDouble() } catch { throw Self.malformed(error) }
    }

    /// The numbers with which an array goes on, as the bits of doubles; see `JSONReader.readDoubles(bits:at:)`.
    mutating func readDoubles(bits target: inout MutableSpan<UInt64>, at places: Range<Int>) -> Int {
        reader.readDoubles(bits: &target, at: places)
    }

    mutating func readNumber() throws(InferenceError) -> JSONNumber {
        do { return try reader.readNumber() } catch { throw Self.malformed(error) }
    }

    /// - Returns: nil for a number beyond the doubles, such as 1e400. That is valid JSON, and has been passed.
    mutating func readDoubleInRange() throws(InferenceError) -> Double? {
        do {
            return try reader.readDouble()
        } catch {
            try passOutOfRange(error)
            return nil
        }
    }

    /// - Returns: as `readDoubleInRange()`.
    mutating func readNumberInRange() throws(InferenceError) -> JSONNumber? {
        do {
            return try reader.readNumber()
        } catch {
            try passOutOfRange(error)
            return nil
        }
    }

    private mutating func passOutOfRange(_ error: JSONError) throws(InferenceError) {
        guard error.reason == .numberOutOfRange else { throw Self.malformed(error) }
        try skipValue()
    }

    mutating func readBool() throws(InferenceError) -> Bool {
        do { return try reader.readBool() } catch { throw Self.malformed(error) }
    }

    mutating func readNull() throws(InferenceError) {
        do { try reader.readNull() } catch { throw Self.malformed(error) }
    }

    /// - Returns: where the value stands in the body.
    @discardableResult
    mutating func skipValue() throws(InferenceError) -> Range<Int> {
        do { return try reader.skipValue() } catch { throw Self.malformed(error) }
    }

    mutating func finish() throws(InferenceError) {
        do { try reader.finish() } catch { throw Self.malformed(error) }
    }

    /// The bytes between the quotes of a string without escapes.
    @_lifetime(copy self)
    func bytes(of token: JSONStringToken) -> Span<UInt8> { reader.bytes(of: token) }

    /// Appends the decoded bytes of any string.
    func append(_ token: JSONStringToken, to bytes: inout [UInt8]) { reader.append(token, to: &bytes) }

    func string(_ token: JSONStringToken) -> String { reader.string(token) }

    func equals(_ token: JSONStringToken, _ text: String) -> Bool { reader.equals(token, text) }

    private static func malformed(_ error: JSONError) -> InferenceError {
        .malformed(
            InferenceProblem(pointer: "", detail: "the body is not valid JSON: \(error)", offset: error.offset))
    }
}
