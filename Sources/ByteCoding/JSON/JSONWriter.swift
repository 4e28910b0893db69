/// Writes JSON into one buffer that is kept from document to document.
///
/// Commas are put where they are due; that containers are closed and objects have keys is the caller's care.
/// Nothing is allocated once the buffer has grown to the size of the documents.
///
///     writer.beginObject()
///     writer.key("predictions")
///     writer.beginArray()
///     for value in margins { writer.number(value) }
///     writer.endArray()
///     writer.endObject()
package struct JSONWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// A writer with room for `capacity` bytes.
    package init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// Forgets what was written; the room stays, unless one document has made it larger than `bytesKeptMax`.
    package mutating func reset(bytesKeptMax: Int = 256 << 10) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= bytesKeptMax)
        needsComma = false
    }

    /// Hands over what was written, without a copy, and begins anew with an empty buffer.
    package mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        needsComma = false
        return taken
    }

    /// A writer behind `bytes` that somebody else has written, such as ``CSVWriter``.
    package init(adopting bytes: consuming [UInt8]) { self.bytes = bytes }

    // MARK: Structure

    /// Ends a line of its own for a document that has been written; another may follow.
    package mutating func endLine() {
        bytes.append(ASCII.lineFeed)
        needsComma = false
    }

    package mutating func beginObject() { open(ASCII.objectStart) }

    package mutating func endObject() { close(ASCII.objectEnd) }

    package mutating func beginArray() { open(ASCII.arrayStart) }

    package mutating func endArray() { close(ASCII.arrayEnd) }

    /// Writes a key with its colon; its value is to follow.
    package mutating func key(_ text: String) {
        string(text)
        colon()
    }

    /// The same from UTF-8, which must be valid.
    package mutating func key(utf8 text: Span<UInt8>) {
        string(utf8: text)
        colon()
    }

    // MARK: Values

    package mutating func null() { word("null") }

    package mutating func bool(_ value: Bool) { word(value ? "true" : "false") }

    package mutating func number(_ value: Int64) {
        separate()
        NumberText.append(value, to: &bytes)
    }

    package mutating func number(_ value: UInt64) {
        separate()
        NumberText.append(value, to: &bytes)
    }

    /// Writes the shortest text that reads back as the same double, always with a fraction or an exponent so that
    /// clients read a float; null if it is not finite.
    package mutating func number(_ value: Double) {
        guard value.isFinite else { return null() }
        separate()
        NumberText.append(value, to: &bytes)
    }

    /// The same with the fewest digits that tell this float from others.
    package mutating func number(_ value: Float) {
        guard value.isFinite else { return null() }
        separate()
        NumberText.append(value, to: &bytes)
    }

    package mutating func string(_ text: String) {
        string(utf8: text.utf8.span)
    }

    /// Writes a string from UTF-8, which must be valid. Quotes, backslashes and control characters are escaped.
    package mutating func string(utf8 text: Span<UInt8>) {
        separate()
        bytes.append(ASCII.quote)
        var start = 0
        while start < text.count {
            // Plain bytes in one go, then what has to be escaped.
            var end = start
            while end < text.count, !Self.needsEscape(text[end]) { end &+= 1 }
            bytes.append(addingCapacity: end &- start) { output in
                for index in start..<end { output.append(text[index]) }
            }
            if end < text.count { escape(text[end]) }
            start = end &+ 1
        }
        bytes.append(ASCII.quote)
    }

    /// Writes a value that is JSON already.
    package mutating func rawValue(_ json: String) {
        separate()
        bytes.append(contentsOf: json.utf8)
    }

    /// Writes a value, or a key with its colon (`isKey`), that was encoded beforehand.
    package mutating func encoded(_ json: [UInt8], isKey: Bool = false) {
        separate()
        bytes.append(contentsOf: json)
        if isKey { needsComma = false }
    }

    /// Writes bytes as they are and leaves the commas around them to the caller.
    package mutating func raw(_ json: String) {
        bytes.append(contentsOf: json.utf8)
    }

    // MARK: Helpers

    @inline(__always)
    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < ASCII.space || byte == ASCII.quote || byte == ASCII.backslash
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(ASCII.backslash)
        switch byte {
        case ASCII.quote, ASCII.backslash: bytes.append(byte)
        case ASCII.lineFeed: bytes.append(0x6E)
        case ASCII.carriageReturn: bytes.append(0x72)
        case ASCII.tab: bytes.append(0x74)
        default:
            bytes.append(contentsOf: "u00".utf8)
            for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10) }
        }
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { bytes.append(ASCII.comma) }
        needsComma = true
    }

    private mutating func open(_ byte: UInt8) {
        separate()
        bytes.append(byte)
        needsComma = false
    }

    private mutating func close(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = true
    }

    private mutating func colon() {
        bytes.append(ASCII.colon)
        needsComma = false
    }

    private mutating func word(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }
}
