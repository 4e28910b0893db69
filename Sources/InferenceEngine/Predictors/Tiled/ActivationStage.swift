internal import ModelIR
internal import TensorCore

/// A function of each row of scores, with the library's own order of operations and the system's exp and tanh.
struct ActivationStage<Scalar: ActivationScalar>: Stage {
    let activation: Activation
    let input: TilePlace
    let output: TilePlace

    @specialized(where Scalar == Double)
    @specialized(where Scalar == Float)
    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        for row in 0..<tile.rowCount {
            let start = input.offset + row * input.width
            activation.apply(
                to: &Scalar[of: workspace], at: start..<start + input.width, output: output.offset + row * output.width)
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
        let isNarrow = input.kind == .float32
        return .runs(
            StagePlan(
                inputs: node.inputs, nanosecondsPerRow: 6 + cost, nanosecondsPerRowOfMany: cost,
                reason: "\(activation.rawValue) of \(input.width) numbers", tableBytes: 0,
                make: { places, _ throws(ImportError) in
                    if isNarrow {
                        return ActivationStage<Float>(
                            activation: activation, input: places.inputs[0], output: places.output)
                    }
                    return ActivationStage<Double>(
                        activation: activation, input: places.inputs[0], output: places.output)
                }))
    }
}
