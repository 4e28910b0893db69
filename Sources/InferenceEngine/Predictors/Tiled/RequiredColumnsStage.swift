internal import TensorCore

/// Finds rows in which a column is missing that must not be. Runs before all others.
struct RequiredColumnsStage: Stage {
    /// In ascending order.
    private let columns: [Int]
    /// Whether all are doubles, whose missing value is NaN.
    private let areDoubles: Bool

    init(columns: [Int], of inputs: [Column]) {
        self.columns = columns
        areDoubles = columns.allSatisfy { inputs[$0].kind == .float64 }
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        for tileRow in 0..<tile.rowCount {
            let row = tile.firstRow + tileRow
            if areDoubles, !hasNaN(row: row, of: rows) { continue }
            for column in columns where rows.isMissing(row: row, column: column) {
                faults.add(RowFault(row: row, column: column, reason: .missingValue), tileRow: tileRow)
                break
            }
        }
    }

    private func hasNaN(row: Int, of rows: borrowing RowBatch) -> Bool {
        let width = rows.layout.width
        let record = rows.slotSpan.extracting(row * width..<(row + 1) * width)
        var hasNaN = false
        for column in columns {
            let value = Double(bitPattern: record[column])
            hasNaN = hasNaN || value != value
        }
        return hasNaN
    }
}
