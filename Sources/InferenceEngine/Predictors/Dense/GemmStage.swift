internal import ModelIR
internal import TensorCore

/// A product with a matrix over a tile: in panels of eight outputs, or output by output where they are few.
final class GemmStage: Stage {
    /// Up to so many outputs, sums in partial sums are faster than panels that are mostly empty.
    static let plainOutputsMax = 6

    private let gemm: Gemm
    private let panels: PackedPanels?
    private let input: TilePlace
    private let output: TilePlace

    init(_ gemm: Gemm, input: TilePlace, output: TilePlace) {
        self.gemm = gemm
        self.input = input
        self.output = output
        panels =
            gemm.outputWidth <= Self.plainOutputsMax
            ? nil : PackedPanels(gemm.weights, count: gemm.outputWidth, width: gemm.inputWidth)
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        if let panels {
            DenseKernel.measures(
                .product, panels, bias: gemm.bias, from: input, to: output, rowCount: tile.rowCount, in: workspace)
        } else {
            DenseKernel.products(
                weights: gemm.weights, bias: gemm.bias, from: input, to: output, rowCount: tile.rowCount, in: workspace)
        }
    }
}

/// Makes `gemm-packed`.
struct GemmStageBuilder: StageBuilder {
    let name = "gemm-packed"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .gemm(let gemm) = node.operation else { return nil }
        guard gemm.inputWidth > 0 else { return .cannotRun(reason: "the matrix has no columns") }
        let cost = Self.cost(of: gemm)
        return .runs(
            StagePlan(
                inputs: [node.inputs[0]], nanosecondsPerRow: cost.one, nanosecondsPerRowOfMany: cost.many,
                reason: "a matrix of \(gemm.outputWidth) x \(gemm.inputWidth) in packed panels",
                tableBytes: gemm.weights.count * 8
            ) { places, _ in GemmStage(gemm, input: places.inputs[0], output: places.output) })
    }

    private static func cost(of gemm: Gemm) -> (one: Double, many: Double) {
        if gemm.outputWidth <= GemmStage.plainOutputsMax {
            let each = 6 + 0.1 * Double(gemm.inputWidth)
            return (35 + each * Double(gemm.outputWidth), 1 + each * Double(gemm.outputWidth))
        }
        let panels = Double((gemm.outputWidth + 7) / 8)
        let numbers = panels * 8 * Double(gemm.inputWidth)
        return (45 + 0.1 * numbers + 4 * panels, 3 + 0.06 * numbers + 2 * panels)
    }
}
