internal import ModelIR
internal import TensorCore

/// The numbers that a tree ensemble reads, and which of them it refuses.
struct ForestInput: Sendable {
    /// Row-major [rows, features], doubles; nil where they are the record's own columns, all and in their order.
    let place: TilePlace?
    private let featureCount: Int
    private let narrowsToFloat32: Bool
    private let acceptsMissing: Bool

    init(_ ensemble: TreeEnsemble, at place: TilePlace?) {
        self.place = place
        featureCount = ensemble.featureCount
        narrowsToFloat32 = ensemble.precision != .float64
        acceptsMissing = ensemble.acceptsMissing
    }

    /// Tells of the rows that the ensemble's library refuses: with a missing value where it takes none, or a number
    /// that float32 cannot hold where features are narrowed.
    func refuseRows(
        _ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults
    ) {
        guard narrowsToFloat32 || !acceptsMissing, let place else { return }
        for tileRow in 0..<tile.rowCount {
            let start = place.offset + tileRow * place.width
            let found = ForestScan.unusual(workspace.doubles, start..<start + place.width)
            guard (found.hasNaN && !acceptsMissing) || (found.exceedsFloat32 && narrowsToFloat32) else { continue }
            refuse(tileRow, of: tile, rows, in: workspace, faults: &faults)
        }
    }

    /// Finds the column at fault; missing values first, as the reference does.
    func refuse(
        _ tileRow: Int, of tile: Tile, _ rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults
    ) {
        let row = tile.firstRow + tileRow
        var reason: RowFault.Reason?
        var column = 0
        for feature in 0..<featureCount {
            let number =
                place.map { workspace.doubles[$0.offset + tileRow * $0.width + feature] }
                ?? rows.double(row: row, column: feature)
            if !acceptsMissing, number.isNaN {
                (reason, column) = (.missingValue, feature)
                break
            }
            if reason == nil, narrowsToFloat32, number.isInfiniteAsFloat {
                (reason, column) = (.exceedsFloat32, feature)
            }
        }
        guard let reason else { return }
        let inputColumn = place.map { $0.inputColumns[column] ?? 0 } ?? column
        faults.add(RowFault(row: row, column: inputColumn, reason: reason), tileRow: tileRow)
    }
}
