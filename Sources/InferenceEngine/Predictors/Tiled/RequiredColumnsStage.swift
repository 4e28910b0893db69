internal import TensorCore

/// Finds rows in which a column is missing that must not be. Runs before all others.
final class RequiredColumnsStage: Stage {
    /// In ascending order.
    private let columns: [Int32]
    /// Where all are doubles, whose missing value is NaN.
    private let scan: MissingScan?

    init(columns: [Int], of inputs: [Column]) {
        self.columns = columns.map { Int32($0) }
        scan =
            columns.allSatisfy { inputs[$0].kind == .float64 }
            ? MissingScan(columns: self.columns, recordWidth: inputs.count) : nil
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        guard let scan else {
            for tileRow in 0..<tile.rowCount { look(tileRow, tile, rows, &faults) }
            return
        }
        var suspects = scan.rowsWithNaN(firstRow: tile.firstRow, rowCount: tile.rowCount, of: rows)
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
