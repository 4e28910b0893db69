internal import ModelIR
internal import TensorCore

/// Copies numeric columns of the record into the tile; integers become doubles, missing ones NaN.
final class SelectStage: Stage {
    /// The record's columns, in the order of the value.
    private let columns: [Int32]
    /// Whether they are all of the record's columns, in its order.
    private let areAllInOrder: Bool
    /// Positions among `columns` of 64-bit integers.
    private let integerPositions: [Int]
    private let output: TilePlace

    init(columns: [Int], of inputs: [Column], output: TilePlace) {
        self.columns = columns.map { Int32($0) }
        areAllInOrder = columns.elementsEqual(inputs.indices)
        integerPositions = columns.indices.filter { inputs[columns[$0]].kind == .int64 }
        self.output = output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        let width = rows.layout.width
        let slots = rows.slotSpan.extracting(tile.firstRow * width..<(tile.firstRow + tile.rowCount) * width)
        if areAllInOrder {
            TileCopy.copyNumbers(slots, to: &workspace.doubles, at: output.offset)
        } else {
            TileCopy.gatherNumbers(
                slots, rowCount: tile.rowCount, rowWidth: width, columns: columns, to: &workspace.doubles,
                at: output.offset)
        }
        for position in integerPositions {
            let column = Int(columns[position])
            for tileRow in 0..<tile.rowCount {
                let row = tile.firstRow + tileRow
                workspace.doubles[output.offset + tileRow * output.width + position] =
                    rows.isMissing(row: row, column: column) ? .nan : Double(rows.int64(row: row, column: column))
            }
        }
    }
}

struct SelectStageBuilder: StageBuilder {
    let name = "select"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        guard case .selectColumns(let columns) = graph.node(value).operation, graph.type(value).kind == .float64,
            columns.count <= Int(Int32.max)
        else { return nil }
        let inputs = graph.signature.inputs
        let cost = 0.3 * Double(columns.count)
        return .runs(
            StagePlan(
                inputs: [], nanosecondsPerRow: 8 + cost, nanosecondsPerRowOfMany: cost,
                reason: "\(columns.count) of the record's numbers, copied", tableBytes: 4 * columns.count,
                make: { places, _ throws(ImportError) in
                    SelectStage(columns: columns, of: inputs, output: places.output)
                }))
    }
}
