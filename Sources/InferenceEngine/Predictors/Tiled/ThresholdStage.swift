internal import TensorCore

/// Whether scores are greater than a threshold.
final class ThresholdStage: Stage {
    private let threshold: Double
    private let input: TilePlace
    private let output: TilePlace

    init(threshold: Double, input: TilePlace, output: TilePlace) {
        self.threshold = threshold
        self.input = input
        self.output = output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        if input.kind == .float32 {
            LabelKernel.compare(
                &workspace.floats, at: input.offset, with: threshold, to: &workspace.integers, at: output.offset,
                rowCount: tile.rowCount)
        } else {
            LabelKernel.compare(
                &workspace.doubles, at: input.offset, with: threshold, to: &workspace.integers, at: output.offset,
                rowCount: tile.rowCount)
        }
    }
}
