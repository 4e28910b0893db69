internal import ModelIR
internal import TensorCore

/// Replaces missing numbers column by column.
final class ImputeStage: Stage {
    private let imputer: Imputer
    private let input: TilePlace
    private let output: TilePlace

    init(imputer: Imputer, input: TilePlace, output: TilePlace) {
        self.imputer = imputer
        self.input = input
        self.output = output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        for row in 0..<tile.rowCount {
            ElementKernel.impute(
                &workspace.doubles, from: input.offset + row * input.width, to: output.offset + row * output.width,
                imputer)
        }
    }
}

struct ImputeStageBuilder: StageBuilder {
    let name = "impute"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .imputer(let imputer) = node.operation else { return nil }
        let cost = 0.4 * Double(imputer.replacements.count)
        return .runs(
            StagePlan(
                inputs: node.inputs, nanosecondsPerRow: 8 + cost, nanosecondsPerRowOfMany: 2 + cost,
                reason: "\(imputer.replacements.count) columns", tableBytes: 8 * imputer.replacements.count,
                make: { places, _ throws(ImportError) in
                    ImputeStage(imputer: imputer, input: places.inputs[0], output: places.output)
                }))
    }
}
