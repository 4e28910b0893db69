internal import ModelIR
internal import TensorCore

/// Kernels or distances between a tile's rows and packed reference rows.
final class PairwiseStage: Stage {
    private let measure: PackedMeasure
    private let panels: PackedPanels
    private let input: TilePlace
    private let output: TilePlace

    init(measure: PackedMeasure, panels: PackedPanels, input: TilePlace, output: TilePlace) {
        self.measure = measure
        self.panels = panels
        self.input = input
        self.output = output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        DenseKernel.measures(
            measure, panels, bias: [], from: input, to: output, rowCount: tile.rowCount, in: workspace)
    }
}

/// Makes `pairwise-packed`.
struct PairwiseStageBuilder: StageBuilder {
    let name = "pairwise-packed"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .pairwise(let pairwise) = node.operation else { return nil }
        guard pairwise.count > 0 else { return .cannotRun(reason: "there are no reference rows") }
        guard let measure = PackedMeasure(pairwise.measure) else {
            return .cannotRun(reason: "this measure has no packed form")
        }
        let cost = measure.nanosecondsPerRow(references: pairwise.count, width: pairwise.inputWidth)
        return .runs(
            StagePlan(
                inputs: [node.inputs[0]], nanosecondsPerRow: cost.one, nanosecondsPerRowOfMany: cost.many,
                reason: "\(pairwise.count) reference rows in packed panels",
                tableBytes: (pairwise.references.count + measure.weights.count) * 8
            ) { places, _ in
                let panels = PackedPanels(
                    pairwise.references, count: pairwise.count, width: pairwise.inputWidth, weights: measure.weights)
                return PairwiseStage(
                    measure: measure, panels: panels, input: places.inputs[0], output: places.output)
            })
    }
}
