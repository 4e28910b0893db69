internal import ModelIR
internal import TensorCore

/// An operator's reference, row after row of a tile: for what has no faster stage.
final class ReferenceStage: Stage {
    private let rule: any OperatorRule
    /// One a row of the tile: the same values, each at its place.
    private let operands: [ReferenceOperands]

    init(_ operation: Operator, places: StagePlaces, scratch: Int) {
        rule = operation.rule
        operands = (0..<places.tileRowCount).map { row in
            ReferenceOperands(
                inputs: places.inputs.map { $0.place(ofTileRow: row) },
                output: places.output.place(ofTileRow: row), scratch: scratch)
        }
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        for tileRow in 0..<tile.rowCount where !faults.contains(tileRow: tileRow) {
            do throws(RowFault) {
                try rule.evaluate(operands[tileRow], row: tile.firstRow + tileRow, of: rows, in: workspace)
            } catch {
                faults.add(error, tileRow: tileRow)
            }
        }
    }

    /// About what one more row of a tile takes here, beside its values.
    static let bytesPerTileRow = 256
}

extension TilePlace {
    /// The value of one row, as an operator's reference takes it.
    func place(ofTileRow row: Int) -> ValuePlace {
        ValuePlace(kind: kind, offset: offset + row * width, width: width, inputColumns: inputColumns)
    }
}

/// Offers every value's reference; the last in the list.
struct ReferenceStageBuilder: StageBuilder {
    static let stageName = ReferencePredictor.name
    var name: String { Self.stageName }

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        let work = node.operation.referenceWork
        let cost = 20 + 5 * Double(work)
        return .runs(
            StagePlan(
                inputs: node.inputs, nanosecondsPerRow: cost, nanosecondsPerRowOfMany: cost,
                reason: "as its definition says, row by row", tableBytes: 8 * work,
                make: { places, memory throws(ImportError) in
                    let scratch = memory.take(node.operation.rule.scratchCount, of: \.doubles)
                    return ReferenceStage(node.operation, places: places, scratch: scratch)
                }))
    }
}
