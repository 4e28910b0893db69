internal import ModelIR
internal import TensorCore

/// A function of each row of scores, with the library's own order of operations and the system's exp and tanh.
final class ActivationStage: Stage {
    private let activation: Activation
    private let input: TilePlace
    private let output: TilePlace

    init(activation: Activation, input: TilePlace, output: TilePlace) {
        self.activation = activation
        self.input = input
        self.output = output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        if input.kind == .float32 {
            apply(to: &workspace.floats, rowCount: tile.rowCount)
        } else {
            apply(to: &workspace.doubles, rowCount: tile.rowCount)
        }
    }

    private func apply<Scalar: ActivationScalar>(to numbers: inout [Scalar], rowCount: Int) {
        for row in 0..<rowCount {
            let start = input.offset + row * input.width
            activation.apply(
                to: &numbers, at: start..<start + input.width, output: output.offset + row * output.width)
        }
    }
}

struct ActivationStageBuilder: StageBuilder {
    let name = "activation"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .activation(let activation) = node.operation else { return nil }
        let input = graph.type(node.inputs[0])
        let cost = 10 * Double(input.width)
        return .runs(
            StagePlan(
                inputs: node.inputs, nanosecondsPerRow: 6 + cost, nanosecondsPerRowOfMany: cost,
                reason: "\(activation.rawValue) of \(input.width) numbers", tableBytes: 0,
                make: { places, _ throws(ImportError) in
                    ActivationStage(activation: activation, input: places.inputs[0], output: places.output)
                }))
    }
}
