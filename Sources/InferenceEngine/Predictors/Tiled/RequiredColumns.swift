internal import TensorCore

/// Columns of the record that must not be missing.
struct RequiredColumns: Sendable {
    /// In ascending order.
    let columns: [Int32]

    init(of inputs: [Column]) {
        columns = inputs.indices.filter { !inputs[$0].acceptsMissing }.map { Int32($0) }
    }

    /// Tells of the first of them that is missing in a row of the tile, if one is.
    func look(_ tileRow: Int, _ tile: Tile, _ rows: borrowing RowBatch, _ faults: inout TileFaults) {
        let row = tile.firstRow + tileRow
        for column in columns where rows.isMissing(row: row, column: Int(column)) {
            faults.add(RowFault(row: row, column: Int(column), reason: .missingValue), tileRow: tileRow)
            return
        }
    }
}
