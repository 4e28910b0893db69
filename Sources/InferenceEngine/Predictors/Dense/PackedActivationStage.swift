internal import ModelIR
internal import TensorCore

/// An activation over a tile, many numbers at a time.
final class PackedActivationStage: Stage {
    private let activation: PackedActivation
    private let input: TilePlace
    private let output: TilePlace

    init(activation: PackedActivation, input: TilePlace, output: TilePlace) {
        self.activation = activation
        self.input = input
        self.output = output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        DenseKernel.activate(activation, from: input, to: output, rowCount: tile.rowCount, in: workspace)
    }
}

/// Makes `activation-packed`: for dense models only. What follows trees keeps the C library's bits, as their
/// libraries' own results do.
struct PackedActivationStageBuilder: StageBuilder {
    let name = "activation-packed"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .activation(let activation) = node.operation else { return nil }
        let type = graph.type(node.inputs[0])
        guard type.kind == .float64 else {
            return .cannotRun(reason: "numbers of single precision keep the C library's bits")
        }
        guard let packed = PackedActivation(activation) else {
            return .cannotRun(reason: "\(activation.rawValue) has no packed form")
        }
        guard !graph.followsTrees[value.index] else {
            return .cannotRun(reason: "what follows trees keeps the C library's bits")
        }
        let cost = packed.nanosecondsPerRow(width: type.width)
        return .runs(
            StagePlan(
                inputs: [node.inputs[0]], nanosecondsPerRow: cost.one, nanosecondsPerRowOfMany: cost.many,
                reason: "\(activation.rawValue) of several numbers at a time", tableBytes: 0
            ) { places, _ in
                PackedActivationStage(activation: packed, input: places.inputs[0], output: places.output)
            })
    }
}
