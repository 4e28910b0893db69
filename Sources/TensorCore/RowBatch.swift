/// Rows of one model waiting to be predicted: row-major slots of 8 bytes, a missing bitmap for kinds without NaN, and
/// an arena of string bytes. The storage is kept by `removeAll`, so that a batch that is used again does not allocate.
///
/// A codec fills it `inout` between `mark()` and, if the request turns out bad, `rollback(to:)`, so that a bad request
/// leaves no row behind.
package struct RowBatch: ~Copyable, Sendable {
    package let layout: RowLayout
    package private(set) var rowCount = 0
    /// Row-major, `layout.width` a row: a double's bits, an integer's bits, or `offset << 32 | length` into the arena.
    private var slots: [UInt64] = []
    private var missing: [UInt64] = []
    private var arena: [UInt8] = []

    /// String bytes that one batch may hold; what goes beyond is refused by `setString`.
    package static let arenaBytesMax = 1 << 31

    package init(layout: RowLayout, rowCapacity: Int = 0) {
        self.layout = layout
        slots.reserveCapacity(rowCapacity * layout.width)
        missing.reserveCapacity(rowCapacity * layout.missingWordsPerRow)
    }

    /// Bytes of strings that the rows hold.
    package var stringByteCount: Int { arena.count }

    // MARK: Filling

    /// A place to come back to.
    package struct Mark: Sendable {
        fileprivate let rowCount: Int
        fileprivate let arenaCount: Int
    }

    package func mark() -> Mark { Mark(rowCount: rowCount, arenaCount: arena.count) }

    /// Forgets every row added since `mark`.
    package mutating func rollback(to mark: Mark) {
        precondition(mark.rowCount <= rowCount && mark.arenaCount <= arena.count, "the mark is of a later state")
        slots.removeLast(slots.count - mark.rowCount * layout.width)
        missing.removeLast(missing.count - mark.rowCount * layout.missingWordsPerRow)
        arena.removeLast(arena.count - mark.arenaCount)
        rowCount = mark.rowCount
    }

    /// Forgets all rows and keeps the storage, unless it has grown beyond `bytesKeptMax`.
    package mutating func removeAll(bytesKeptMax: Int = 1 << 20) {
        slots.removeAll(keepingCapacity: slots.capacity * 8 <= bytesKeptMax)
        missing.removeAll(keepingCapacity: missing.capacity * 8 <= bytesKeptMax)
        arena.removeAll(keepingCapacity: arena.capacity <= bytesKeptMax)
        rowCount = 0
    }

    /// Adds a row in which every column is missing.
    /// - Returns: its index.
    @discardableResult
    package mutating func appendRow() -> Int {
        for _ in 0..<layout.width { slots.append(layout.emptySlot) }
        for _ in 0..<layout.missingWordsPerRow { missing.append(.max) }
        rowCount += 1
        return rowCount - 1
    }

    /// Adds a copy of a row of another batch, whose columns are of the same kinds.
    /// - Returns: false, with nothing added, where its strings would grow the arena beyond `arenaBytesMax`.
    @discardableResult
    package mutating func appendRow(_ source: Int, of other: borrowing RowBatch) -> Bool {
        append(source..<source + 1, of: other)
    }

    /// Sets a `float64` column.
    package mutating func setDouble(_ value: Double, row: Int, column: Int) {
        slots[row * layout.width + column] = value.bitPattern
    }

    /// All slots, row after row, to be filled with the bits of doubles. Only where ``RowLayout/isAllDoubles``.
    package var doubleSlots: MutableSpan<UInt64> {
        @_lifetime(&self)
        mutating get {
            precondition(layout.isAllDoubles, "the rows are not of doubles")
            return slots.mutableSpan
        }
    }

    /// Sets an `int64` column.
    package mutating func setInt64(_ value: Int64, row: Int, column: Int) {
        slots[row * layout.width + column] = UInt64(bitPattern: value)
        clearMissing(row: row, column: column)
    }

    /// Sets a `string` column to a copy of `bytes`, which must be valid UTF-8.
    /// - Returns: false, and leaves the column missing, if the arena would grow beyond `arenaBytesMax`.
    package mutating func setString(_ bytes: Span<UInt8>, row: Int, column: Int) -> Bool {
        guard arena.count + bytes.count <= Self.arenaBytesMax else { return false }
        let offset = arena.count
        for index in bytes.indices { arena.append(bytes[index]) }
        slots[row * layout.width + column] = UInt64(offset) << 32 | UInt64(bytes.count)
        clearMissing(row: row, column: column)
        return true
    }

    /// Adds a copy of rows of another batch, whose columns are of the same kinds.
    ///
    /// - Returns: false, and nothing is added, if the arena would grow beyond `arenaBytesMax`.
    /// - Complexity: O(values, and bytes of their strings).
    package mutating func append(_ rows: Range<Int>, of other: borrowing RowBatch) -> Bool {
        precondition(layout.width == other.layout.width, "the rows have other columns")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= other.rowCount, "the other batch has no such rows")
        let mark = mark()
        let width = layout.width
        for slot in rows.lowerBound * width..<rows.upperBound * width { slots.append(other.slots[slot]) }
        let words = layout.missingWordsPerRow
        for word in rows.lowerBound * words..<rows.upperBound * words { missing.append(other.missing[word]) }
        rowCount += rows.count
        guard layout.hasStrings else { return true }
        for (place, row) in rows.enumerated() {
            for column in layout.columns.indices
            where layout.columns[column].kind == .string && !other.isMissing(row: row, column: column) {
                guard setString(other.stringBytes(row: row, column: column), row: mark.rowCount + place, column: column)
                else {
                    rollback(to: mark)
                    return false
                }
            }
        }
        return true
    }

    /// Appends what tells these rows from others, value by value: equal rows give equal bytes, whatever batch they are
    /// in, and different rows give different bytes. A NaN is told by its bits.
    ///
    /// - Complexity: O(values, and bytes of their strings).
    package func appendIdentity(of rows: Range<Int>, to bytes: inout [UInt8]) {
        for row in rows {
            for column in layout.columns.indices {
                var slot = slots[row * layout.width + column]
                let isText = layout.columns[column].kind == .string
                let isAbsent = layout.columns[column].kind != .float64 && isMissing(row: row, column: column)
                if isAbsent { slot = .max } else if isText { slot &= 0xffff_ffff }
                // A byte before what has no NaN: an integer of these bits is not a missing one.
                if layout.columns[column].kind != .float64 { bytes.append(isAbsent ? 1 : 0) }
                for shift in stride(from: UInt64(0), to: 64, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: slot >> shift))
                }
                guard isText, !isAbsent else { continue }
                let text = stringBytes(row: row, column: column)
                for index in text.indices { bytes.append(text[index]) }
            }
        }
    }

    /// Marks a column as missing.
    package mutating func setMissing(row: Int, column: Int) {
        slots[row * layout.width + column] = layout.emptySlot
        guard layout.missingWordsPerRow > 0 else { return }
        missing[row * layout.missingWordsPerRow + column >> 6] |= 1 << UInt64(column & 63)
    }

    private mutating func clearMissing(row: Int, column: Int) {
        missing[row * layout.missingWordsPerRow + column >> 6] &= ~(1 << UInt64(column & 63))
    }

    // MARK: Reading

    /// All slots, row-major. A `float64` slot holds the double's bits.
    package var slotSpan: Span<UInt64> {
        @_lifetime(borrow self)
        get { slots.span }
    }

    /// All missing words, `layout.missingWordsPerRow` a row.
    package var missingSpan: Span<UInt64> {
        @_lifetime(borrow self)
        get { missing.span }
    }

    /// The bytes of all strings. A `string` slot that is not missing holds `offset << 32 | length` of its own.
    package var arenaSpan: Span<UInt8> {
        @_lifetime(borrow self)
        get { arena.span }
    }

    package func double(row: Int, column: Int) -> Double {
        Double(bitPattern: slots[row * layout.width + column])
    }

    package func int64(row: Int, column: Int) -> Int64 {
        Int64(bitPattern: slots[row * layout.width + column])
    }

    /// The bytes of a `string` column that is not missing.
    @_lifetime(borrow self)
    package func stringBytes(row: Int, column: Int) -> Span<UInt8> {
        let slot = slots[row * layout.width + column]
        let offset = Int(slot >> 32)
        return arena.span.extracting(offset..<offset + Int(slot & 0xffff_ffff))
    }

    package func isMissing(row: Int, column: Int) -> Bool {
        if layout.columns[column].kind == .float64 { return double(row: row, column: column).isNaN }
        return missing[row * layout.missingWordsPerRow + column >> 6] >> UInt64(column & 63) & 1 == 1
    }
}
