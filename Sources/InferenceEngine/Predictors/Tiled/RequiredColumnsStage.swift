internal import TensorCore

/// Finds rows in which a column is missing that must not be. Runs before all others, unless the first of them does it.
final class RequiredColumnsStage: Stage {
    private let required: RequiredColumns
    /// Where all are doubles, whose missing value is NaN.
    private let scan: MissingScan?

    init(_ required: RequiredColumns, of inputs: [Column]) {
        self.required = required
        scan =
            required.columns.allSatisfy { inputs[Int($0)].kind == .float64 }
            ? MissingScan(columns: required.columns, recordWidth: inputs.count) : nil
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        guard let scan else {
            for tileRow in 0..<tile.rowCount { required.look(tileRow, tile, rows, &faults) }
            return
        }
        var suspects = scan.rowsWithNaN(firstRow: tile.firstRow, rowCount: tile.rowCount, of: rows)
        while suspects != 0 {
            required.look(suspects.trailingZeroBitCount, tile, rows, &faults)
            suspects &= suspects - 1
        }
    }
}
