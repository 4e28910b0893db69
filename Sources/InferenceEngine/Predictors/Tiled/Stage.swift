internal import ModelIR
internal import TensorCore

/// One step of a tiled predictor: computes one value of the graph for a tile of rows.
///
/// A stage computes every row of the tile, also those that an earlier stage found at fault: with whatever numbers are
/// there, and without a trap. What it computes of a row depends on that row alone, and is the same to the last bit
/// wherever the row stands in the tile and however many stand beside it.
///
/// A class, so that a call of one is a jump: nothing is copied out of the list of stages, and nothing counted.
protocol Stage: AnyObject, Sendable {
    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults)
}

/// Rows of a batch that are computed together.
struct Tile: Sendable {
    /// The batch's row that is the tile's first.
    let firstRow: Int
    /// At most the `tileRowCount` that the stage was made for.
    let rowCount: Int

    /// Rows of a tile at most: one bit each in `TileFaults`.
    static let rowsMax = 64
}

/// Where a value lies in the workspace: row r of the tile at `offset + r * width` of the array of its kind.
struct TilePlace: Sendable, Hashable {
    let kind: ElementKind
    let offset: Int
    let width: Int
    /// The input column behind each column, for faults; nil where columns were mixed.
    let inputColumns: [Int?]
}

/// The rows of a tile that have no prediction, and the first reason for each.
struct TileFaults {
    /// Bit r is set where row r of the tile is at fault.
    private(set) var rows: UInt64 = 0
    private var faults: [RowFault] = []

    func contains(tileRow: Int) -> Bool { rows >> UInt64(tileRow) & 1 == 1 }

    /// Tells of a fault in a row of the tile; only the first of a row counts.
    mutating func add(_ fault: RowFault, tileRow: Int) {
        guard !contains(tileRow: tileRow) else { return }
        rows |= 1 << UInt64(tileRow)
        faults.append(fault)
    }

    /// Moves the faults into `output`, in the order of their rows, and forgets them.
    mutating func flush(into output: inout OutputBatch) {
        guard rows != 0 else { return }
        faults.sort { $0.row < $1.row }
        for fault in faults {
            output.faults.append(fault)
            output.clear(row: fault.row)
        }
        faults.removeAll(keepingCapacity: true)
        rows = 0
    }
}
