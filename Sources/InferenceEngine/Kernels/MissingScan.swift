internal import TensorCore

/// Looks for missing numbers in records. Checks its ranges once, and no access after that.
enum MissingScan {
    /// A bit for each row of a tile that has NaN in one of these columns of doubles.
    static func rowsWithNaN(
        inColumns columns: [Int32], firstRow: Int, rowCount: Int, of rows: borrowing RowBatch
    ) -> UInt64 {
        let width = rows.layout.width
        var isWithin = true
        for column in columns where column < 0 || Int(column) >= width { isWithin = false }
        precondition(isWithin && rowCount <= Tile.rowsMax, "columns of the record, rows of a tile")
        let slots = rows.slotSpan.extracting(firstRow * width..<(firstRow + rowCount) * width)
        let columns = columns.span
        var found: UInt64 = 0
        for row in 0..<rowCount {
            let start = row &* width
            var hasNaN = false
            for index in 0..<columns.count {
                let place = unsafe start &+ Int(columns[unchecked: index])
                let value = unsafe Double(bitPattern: slots[unchecked: place])
                hasNaN = hasNaN || value != value
            }
            if hasNaN { found |= 1 << UInt64(row) }
        }
        return found
    }
}
