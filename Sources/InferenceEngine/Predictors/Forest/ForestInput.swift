internal import ModelIR
internal import TensorCore

/// The numbers that a tree ensemble reads from a tile, and which of them it refuses.
struct ForestInput: Sendable {
    /// Row-major [rows, features], doubles.
    let place: TilePlace
    private let narrowsToFloat32: Bool
    private let acceptsMissing: Bool

    init(_ ensemble: TreeEnsemble, at place: TilePlace) {
        self.place = place
        narrowsToFloat32 = ensemble.precision != .float64
        acceptsMissing = ensemble.acceptsMissing
    }

    /// Tells of the rows that the ensemble's library refuses: with a missing value where it takes none, or a number
    /// that float32 cannot hold where features are narrowed.
    func refuseRows(_ tile: Tile, in workspace: Workspace, faults: inout TileFaults) {
        guard narrowsToFloat32 || !acceptsMissing else { return }
        for tileRow in 0..<tile.rowCount {
            let start = place.offset + tileRow * place.width
            let found = ForestScan.unusual(workspace.doubles, start..<start + place.width)
            guard (found.hasNaN && !acceptsMissing) || (found.exceedsFloat32 && narrowsToFloat32) else { continue }
            refuse(tileRow, of: tile, in: workspace, faults: &faults)
        }
    }

    /// Finds the column at fault; missing values first, as the reference does.
    func refuse(_ tileRow: Int, of tile: Tile, in workspace: Workspace, faults: inout TileFaults) {
        let start = place.offset + tileRow * place.width
        func refuse(_ column: Int, _ reason: RowFault.Reason) {
            faults.add(
                RowFault(
                    row: tile.firstRow + tileRow, column: place.inputColumns[column] ?? 0, reason: reason),
                tileRow: tileRow)
        }
        for column in 0..<place.width where !acceptsMissing && workspace.doubles[start + column].isNaN {
            return refuse(column, .missingValue)
        }
        for column in 0..<place.width where narrowsToFloat32 && workspace.doubles[start + column].isInfiniteAsFloat {
            return refuse(column, .exceedsFloat32)
        }
    }
}
