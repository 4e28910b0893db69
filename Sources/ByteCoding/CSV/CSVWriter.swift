/// Writes CSV (RFC 4180, lines ended by LF) into one buffer.
///
///     writer.text("label")
///     writer.number(0.25)
///     writer.endLine()
///
/// Text is quoted where it has to be; also where it is empty, so that it is not taken for a missing value or its line
/// for an empty one, and where it begins with a byte order mark, which would be dropped as the first cell's. What a
/// spreadsheet would take for a formula is written as it is.
package struct CSVWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8]
    private var needsComma = false
    private var lineStart: Int

    /// A writer at the end of `bytes`.
    package init(_ bytes: consuming [UInt8] = []) {
        lineStart = bytes.count
        self.bytes = bytes
    }

    /// Hands over what was written, without a copy.
    package consuming func take() -> [UInt8] { bytes }

    /// Writes a cell without a value.
    package mutating func empty() { separate() }

    package mutating func number(_ value: Int64) {
        separate()
        NumberText.append(value, to: &bytes)
    }

    /// Writes the shortest text that reads back as the same double; an empty cell if it is not finite.
    package mutating func number(_ value: Double) {
        separate()
        if value.isFinite { NumberText.append(value, to: &bytes) }
    }

    /// The same with the fewest digits that tell this float from others.
    package mutating func number(_ value: Float) {
        separate()
        if value.isFinite { NumberText.append(value, to: &bytes) }
    }

    package mutating func text(_ text: String) {
        separate()
        let span = text.utf8.span
        guard Self.needsQuotes(span) else { return bytes.append(contentsOf: text.utf8) }
        bytes.append(ASCII.quote)
        for index in span.indices {
            if span[index] == ASCII.quote { bytes.append(ASCII.quote) }
            bytes.append(span[index])
        }
        bytes.append(ASCII.quote)
    }

    /// Ends the line. Where it is one cell without a value, that is two quotes: readers pass over empty lines, and
    /// every value behind it would be another row's.
    package mutating func endLine() {
        if needsComma, bytes.count == lineStart { bytes += [ASCII.quote, ASCII.quote] }
        bytes.append(ASCII.lineFeed)
        needsComma = false
        lineStart = bytes.count
    }

    private static func needsQuotes(_ text: Span<UInt8>) -> Bool {
        if text.count == 0 || CSVReader.beginsWithMark(text) { return true }
        for index in text.indices {
            switch text[index] {
            case ASCII.comma, ASCII.quote, ASCII.lineFeed, ASCII.carriageReturn: return true
            default: break
            }
        }
        return false
    }

    private mutating func separate() {
        if needsComma { bytes.append(ASCII.comma) }
        needsComma = true
    }
}
