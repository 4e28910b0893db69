internal import TensorCore

/// Finds rows in which a column is missing that must not be. Runs before all others.
struct RequiredColumnsStage: Stage {
    /// In ascending order.
    private let columns: [Int32]
    /// Whether all are doubles, whose missing value is NaN.
    private let areDoubles: Bool

    init(columns: [Int], of inputs: [Column]) {
        self.columns = columns.map { Int32($0) }
        areDoubles = columns.allSatisfy { inputs[$0].kind == .float64 }
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        guard areDoubles else {
            for tileRow in 0..<tile.rowCount { look(tileRow, tile, rows, &faults) }
            return
        }
        var suspects = MissingScan.rowsWithNaN(
            inColumns: columns, firstRow: tile.firstRow, rowCount: tile.rowCount, of: rows)
        while suspects != 0 {
            look(suspects.trailingZeroBitCount, tile, rows, &faults)
            suspects &= suspects - 1
        }
    }

    private func look(_ tileRow: Int, _ tile: Tile, _ rows: borrowing RowBatch, _ faults: inout TileFaults) {
        let row = tile.firstRow + tileRow
        for column in columns where rows.isMissing(row: row, column: Int(column)) {
            faults.add(RowFault(row: row, column: Int(column), reason: .missingValue), tileRow: tileRow)
            return
        }
    }
}
