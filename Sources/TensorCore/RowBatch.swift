/// Rows of one model waiting to be predicted: row-major slots of 8 bytes, a missing bitmap for kinds without NaN, and
/// an arena of string bytes. The storage is kept by `removeAll`, so that a batch that is used again does not allocate.
///
/// A codec fills it `inout` between `mark()` and, if the request turns out bad, `rollback(to:)`, so that a bad request
/// leaves no row behind.
package struct RowBatch: ~Copyable {
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
        let width = layout.width
        precondition(other.layout.width == width, "the rows have other columns")
        let mark = mark()
        let row = rowCount
        for column in 0..<width { slots.append(other.slots[source * width + column]) }
        let words = layout.missingWordsPerRow
        for word in 0..<words { missing.append(other.missing[source * words + word]) }
        rowCount += 1
        guard words > 0 else { return true }
        for column in 0..<width where layout.columns[column].kind == .string {
            guard !isMissing(row: row, column: column) else { continue }
            guard setString(other.stringBytes(row: source, column: column), row: row, column: column) else {
                rollback(to: mark)
                return false
            }
        }
        return true
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
