/// Pulls records and their cells out of CSV text (RFC 4180) in a contiguous buffer.
///
///     while reader.nextRecord() {
///         while let cell = try reader.nextCell() { use(reader.bytes(of: cell)) }
///     }
///
/// | written | read as |
/// |---|---|
/// | CRLF, LF or CR outside quotes | the line's end; the last line may have none |
/// | an empty line | nothing: it is passed over, wherever it stands |
/// | `"a, ""b"""` | `a, "b"`; line breaks inside are content |
/// | blanks around a cell | content |
/// | a UTF-8 byte order mark at the start | nothing |
///
/// A cell that breaks a rule but has an end carries its fault, so that the caller may go on with the next record: the
/// end is where Python's `csv` sees it. Nothing is allocated except by ``append(_:to:)``. Every cell that is passed is
/// checked to be UTF-8.
///
/// - Complexity: linear in the bytes read.
package struct CSVReader: ~Escapable {
    /// Bytes of a cell, as of a string in JSON.
    package static let cellBytesMax = 16 << 20

    let source: Span<UInt8>
    private let cellBytesMax: Int
    /// The next byte to read.
    package internal(set) var offset = 0
    /// The line on which `offset` stands, from 1; line breaks inside quotes count.
    private var line = 1
    /// The line on which the record begins.
    package private(set) var recordLine = 1
    /// The record has given out nothing yet, so that no comma is due.
    var isFresh = true
    private var isInRecord = false

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, cellBytesMax: Int = CSVReader.cellBytesMax) {
        source = bytes
        self.cellBytesMax = cellBytesMax
        if Self.beginsWithMark(bytes) { offset = 3 }
    }

    /// Whether the first bytes are the byte order mark of UTF-8.
    static func beginsWithMark(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
    }

    // MARK: Structure

    /// Enters the next record; false at the text's end. The record before it must have been read to its end.
    package mutating func nextRecord() -> Bool {
        precondition(!isInRecord, "the record before has not been read to its end")
        while offset < source.count, isLineEnd(source[offset]) { passLineEnd() }
        guard offset < source.count else { return false }
        recordLine = line
        isFresh = true
        isInRecord = true
        return true
    }

    /// Passes one cell; nil, and the record is left, at its end.
    /// - Throws: for a quote that nothing closes: where the record ends cannot be told.
    package mutating func nextCell() throws(CSVError) -> CSVCell? {
        precondition(isInRecord, "no record has been entered")
        if !isFresh {
            guard offset < source.count, source[offset] == ASCII.comma else {
                if offset < source.count { passLineEnd() }
                isInRecord = false
                return nil
            }
            offset += 1
        }
        isFresh = false
        guard offset < source.count, source[offset] == ASCII.quote else { return plainCell() }
        return try quotedCell()
    }

    /// Passes what is left of the record.
    package mutating func skipRecord() throws(CSVError) {
        while isInRecord { _ = try nextCell() }
    }

    // MARK: Content

    /// The content as it is written: the text itself where the cell has no doubled quotes.
    @_lifetime(copy self)
    package func bytes(of cell: CSVCell) -> Span<UInt8> { source.extracting(cell.range) }

    /// Appends the content.
    package func append(_ cell: CSVCell, to buffer: inout [UInt8]) {
        var index = cell.range.lowerBound
        while index < cell.range.upperBound {
            buffer.append(source[index])
            index += cell.hasDoubledQuotes && source[index] == ASCII.quote ? 2 : 1
        }
    }

    // MARK: Scanning

    @inline(__always)
    private func isLineEnd(_ byte: UInt8) -> Bool { byte == ASCII.lineFeed || byte == ASCII.carriageReturn }

    /// Passes the line end that stands here; CRLF is one.
    private mutating func passLineEnd() {
        let isPair =
            source[offset] == ASCII.carriageReturn && offset + 1 < source.count
            && source[offset + 1] == ASCII.lineFeed
        offset += isPair ? 2 : 1
        line += 1
    }

    /// Whether a cell may end before `index`.
    @inline(__always)
    func isCellEnd(_ index: Int) -> Bool {
        guard index < source.count else { return true }
        let byte = source[index]
        return byte == ASCII.comma || isLineEnd(byte)
    }

    private mutating func plainCell() -> CSVCell {
        let start = offset
        let (isASCII, hasQuote) = passPlainText()
        return cell(
            start..<offset, isQuoted: false, hasDoubledQuotes: false, isASCII: isASCII, line: line,
            hasQuote ? .quoteInside : nil)
    }

    /// Passes bytes up to the next comma or line end. - Returns: what they are.
    @inline(__always)
    private mutating func passPlainText() -> (isASCII: Bool, hasQuote: Bool) {
        let source = self.source
        var index = offset
        var all: UInt8 = 0
        var hasQuote = false
        while index < source.count {
            let byte = source[index]
            if byte == ASCII.comma || byte == ASCII.lineFeed || byte == ASCII.carriageReturn { break }
            if byte == ASCII.quote { hasQuote = true }
            all |= byte
            index &+= 1
        }
        offset = index
        return (all < 0x80, hasQuote)
    }

    private mutating func quotedCell() throws(CSVError) -> CSVCell {
        let source = self.source
        let opening = line
        let start = offset + 1
        var index = start
        var all: UInt8 = 0
        var hasDoubledQuotes = false
        while true {
            guard index < source.count else {
                // Whoever reads on, however often, is told the same.
                line = opening
                isFresh = true
                throw CSVError(line: opening, reason: .unterminatedQuote)
            }
            let byte = source[index]
            all |= byte
            index &+= 1
            if byte == ASCII.quote {
                guard index < source.count, source[index] == ASCII.quote else { break }
                hasDoubledQuotes = true
                index &+= 1
            } else if byte == ASCII.lineFeed {
                line &+= 1
            } else if byte == ASCII.carriageReturn, index == source.count || source[index] != ASCII.lineFeed {
                line &+= 1
            }
        }
        let range = start..<index - 1
        offset = index
        var reason: CSVError.Reason?
        if !isCellEnd(offset) {
            reason = .textBehindQuote
            _ = passPlainText()
        }
        return cell(
            range, isQuoted: true, hasDoubledQuotes: hasDoubledQuotes, isASCII: all < 0x80, line: opening, reason)
    }

    private func cell(
        _ range: Range<Int>, isQuoted: Bool, hasDoubledQuotes: Bool, isASCII: Bool, line: Int,
        _ reason: CSVError.Reason?
    ) -> CSVCell {
        var reason = reason
        if range.count > cellBytesMax { reason = .cellTooLong(bytesMax: cellBytesMax) }
        if !isASCII, !UTF8Scalar.areValid(in: source.extracting(range)) { reason = .invalidUTF8 }
        return CSVCell(
            range: range, isQuoted: isQuoted, hasDoubledQuotes: hasDoubledQuotes,
            fault: reason.map { CSVError(line: line, reason: $0) })
    }
}
