/// Pulls values out of one JSON document (RFC 8259) in a contiguous buffer, without a tree of values.
///
/// The caller's code has the shape of the document it expects:
///
///     try reader.beginObject()
///     while let key = try reader.nextKey() {
///         if reader.equals(key, "data") { try readData(&reader) } else { _ = try reader.skipValue() }
///     }
///     try reader.finish()
///
/// Nothing is allocated except by ``string(_:)`` and ``append(_:to:)``. Every byte that is passed over is validated,
/// skipped values included. Repeated keys are handed over as they come. Each value may be read once in its turn;
/// to come back to an earlier one, keep the range that ``skipValue()`` returned and make a second reader there.
///
/// - Complexity: linear in the bytes read.
package struct JSONReader: ~Escapable {
    let source: Span<UInt8>
    let limits: JSONLimits
    /// The next byte to read.
    package internal(set) var offset: Int
    /// Containers that are open.
    private var depth = 0
    /// The innermost container has given out nothing yet, so that no comma is due.
    var isFresh = false

    /// A reader at the start of `bytes`.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, limits: JSONLimits = .standard) {
        self.init(bytes, at: 0, limits: limits)
    }

    /// A reader at `offset` of `bytes`, to come back to a value that another reader has passed.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, at offset: Int, limits: JSONLimits = .standard) {
        precondition(offset >= 0 && offset <= bytes.count, "the offset is outside the document")
        self.source = bytes
        self.limits = limits
        self.offset = offset
    }

    // MARK: Structure

    /// What the next value is; white space before it is passed.
    ///
    /// - Throws: at a byte that begins no value.
    package mutating func peek() throws(JSONError) -> JSONKind {
        skipWhiteSpace()
        guard offset < source.count else { return .end }
        switch source[offset] {
        case ASCII.objectStart: return .object
        case ASCII.arrayStart: return .array
        case ASCII.quote: return .string
        case ASCII.minus, 0x30...0x39: return .number
        case 0x74, 0x66: return .bool
        case 0x6E: return .null
        case 0x4E, 0x49: if limits.allowsNonFinite { return .number }
        default: break
        }
        throw unexpected(.value)
    }

    /// Enters an object. Then call ``nextKey()`` until it returns nil.
    package mutating func beginObject() throws(JSONError) {
        try begin(ASCII.objectStart, expected: .object)
    }

    /// Enters an array. Then call ``nextElement()`` until it returns false.
    package mutating func beginArray() throws(JSONError) {
        try begin(ASCII.arrayStart, expected: .array)
    }

    /// Passes the comma and the key with its colon; nil, and the object is left, at its end.
    package mutating func nextKey() throws(JSONError) -> JSONStringToken? {
        skipWhiteSpace()
        guard offset < source.count else { throw unexpected(isFresh ? .keyOrEnd : .commaOrObjectEnd) }
        if source[offset] == ASCII.objectEnd {
            end()
            return nil
        }
        if isFresh {
            isFresh = false
            guard source[offset] == ASCII.quote else { throw unexpected(.keyOrEnd) }
        } else {
            guard source[offset] == ASCII.comma else { throw unexpected(.commaOrObjectEnd) }
            offset += 1
            skipWhiteSpace()
        }
        let key = try readString(expected: .key)
        skipWhiteSpace()
        guard offset < source.count, source[offset] == ASCII.colon else { throw unexpected(.colon) }
        offset += 1
        return key
    }

    /// Passes the comma before an element, which is then to be read; false, and the array is left, at its end.
    package mutating func nextElement() throws(JSONError) -> Bool {
        skipWhiteSpace()
        guard offset < source.count else { throw unexpected(isFresh ? .value : .commaOrArrayEnd) }
        if source[offset] == ASCII.arrayEnd {
            end()
            return false
        }
        if isFresh {
            isFresh = false
        } else {
            guard source[offset] == ASCII.comma else { throw unexpected(.commaOrArrayEnd) }
            offset += 1
        }
        return true
    }

    /// Checks that only white space is left after the value.
    package mutating func finish() throws(JSONError) {
        precondition(depth == 0, "the document's containers have not been read to their ends")
        skipWhiteSpace()
        guard offset == source.count else { throw unexpected(.end) }
    }

    // MARK: Words

    /// Reads `true` or `false`.
    package mutating func readBool() throws(JSONError) -> Bool {
        skipWhiteSpace()
        if try skipWord("true") { return true }
        if try skipWord("false") { return false }
        throw unexpected(.bool)
    }

    /// Reads `null`.
    package mutating func readNull() throws(JSONError) {
        skipWhiteSpace()
        guard try skipWord("null") else { throw unexpected(.null) }
    }

    /// Passes one value of any kind, validating it, and returns its bytes' offsets.
    package mutating func skipValue() throws(JSONError) -> Range<Int> {
        let kind = try peek()
        let start = offset
        switch kind {
        case .end: throw unexpected(.value)
        case .object, .array: try skipContainer()
        default: try skipScalar(kind)
        }
        return start..<offset
    }

    // MARK: Helpers

    @inline(__always)
    mutating func skipWhiteSpace() {
        if offset < source.count, source[offset] <= ASCII.space { skipSpaces() }
    }

    /// Out of line, so that compact documents pay one comparison.
    @inline(never)
    private mutating func skipSpaces() {
        let source = self.source
        var index = offset
        while index < source.count {
            switch source[index] {
            case ASCII.space, ASCII.lineFeed, ASCII.carriageReturn, ASCII.tab: index &+= 1
            default:
                offset = index
                return
            }
        }
        offset = index
    }

    private mutating func begin(_ byte: UInt8, expected: JSONError.Expectation) throws(JSONError) {
        skipWhiteSpace()
        guard offset < source.count, source[offset] == byte else { throw unexpected(expected) }
        guard depth < limits.depthMax else { throw error(.tooDeep(depthMax: limits.depthMax)) }
        depth += 1
        isFresh = true
        offset += 1
    }

    /// Leaves a container at its closing byte.
    private mutating func end() {
        precondition(depth > 0, "no container is open")
        depth -= 1
        isFresh = false
        offset += 1
    }

    /// Whether the word stands here, and then passes it.
    ///
    /// - Throws: if it begins as the word and goes on otherwise.
    mutating func skipWord(_ word: String) throws(JSONError) -> Bool {
        let letters = word.utf8.span
        guard offset < source.count, source[offset] == letters[0] else { return false }
        for index in 1..<letters.count {
            guard offset + index < source.count, source[offset + index] == letters[index] else {
                offset += index
                throw unexpected(.value)
            }
        }
        offset += letters.count
        return true
    }

    private mutating func skipScalar(_ kind: JSONKind) throws(JSONError) {
        switch kind {
        case .string: _ = try readString()
        case .number: if scanPlain() == nil { _ = try scanNumber() }
        case .bool: _ = try readBool()
        default: try readNull()
        }
    }

    /// Passes a whole container. The kinds of those that are open are bits in fixed storage: no recursion on input.
    private mutating func skipContainer() throws(JSONError) {
        var kinds = InlineArray<16, UInt64>(repeating: 0)  // bit set: an object
        let outside = depth
        var inObject = false
        repeat {
            // At a value's first byte.
            let kind = try peek()
            switch kind {
            case .object, .array:
                inObject = kind == .object
                if inObject { try beginObject() } else { try beginArray() }
                let level = depth &- 1
                let bit: UInt64 = 1 << UInt64(level & 63)
                if inObject { kinds[level >> 6] |= bit } else { kinds[level >> 6] &= ~bit }
            case .end: throw unexpected(.value)
            default: try skipScalar(kind)
            }
            // Leave the containers which end here, up to the next value.
            while true {
                if inObject {
                    if try nextKey() != nil { break }
                } else if try nextElement() {
                    break
                }
                guard depth > outside else { return }
                let level = depth &- 1
                inObject = kinds[level >> 6] >> UInt64(level & 63) & 1 == 1
            }
        } while true
    }

    // MARK: Errors

    /// An error at the reader's place.
    @inline(never)
    func error(_ reason: JSONError.Reason) -> JSONError {
        JSONError(offset: offset, reason: reason)
    }

    /// The error for a byte, or the input's end, where something else was due.
    @inline(never)
    func unexpected(_ expected: JSONError.Expectation) -> JSONError {
        guard offset < source.count else { return error(.unexpectedEnd(expected: expected)) }
        let byte = source[offset]
        if offset == 0, byte == 0xEF, source.count >= 3, source[1] == 0xBB, source[2] == 0xBF {
            return error(.byteOrderMark)
        }
        return error(.unexpectedByte(byte, expected: expected))
    }
}
