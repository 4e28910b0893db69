internal import ModelIR
internal import TensorCore

/// An affine map a column, in the library's order of operations.
final class ScaleStage: Stage {
    private let scaler: Scaler
    private let input: TilePlace
    private let output: TilePlace

    init(scaler: Scaler, input: TilePlace, output: TilePlace) {
        self.scaler = scaler
        self.input = input
        self.output = output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        for row in 0..<tile.rowCount {
            ElementKernel.scale(
                &workspace.doubles, from: input.offset + row * input.width, to: output.offset + row * output.width,
                scaler)
        }
    }
}

struct ScaleStageBuilder: StageBuilder {
    let name = "scale"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .scaler(let scaler) = node.operation, graph.type(node.inputs[0]).kind == .float64 else {
            return nil
        }
        let width = Double(scaler.scale.count)
        let perColumn = scaler.form == .subtractDivide ? 1.2 : 0.4
        return .runs(
            StagePlan(
                inputs: node.inputs, nanosecondsPerRow: 8 + perColumn * width,
                nanosecondsPerRowOfMany: 2 + perColumn * width,
                reason: "\(scaler.scale.count) columns, each in the library's order of operations",
                tableBytes: 16 * scaler.scale.count,
                make: { places, _ throws(ImportError) in
                    ScaleStage(scaler: scaler, input: places.inputs[0], output: places.output)
                }))
    }
}
