internal import TensorCore

/// Both probabilities of scores by the packed logistic function.
final class ProbabilitiesStage: Stage {
    private let input: TilePlace
    private let output: TilePlace

    init(input: TilePlace, output: TilePlace) {
        self.input = input
        self.output = output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        DenseKernel.probabilities(from: input, to: output, rowCount: tile.rowCount, in: workspace)
    }
}
