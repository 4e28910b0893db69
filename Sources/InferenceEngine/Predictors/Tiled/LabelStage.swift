internal import ModelIR
internal import TensorCore

/// What turns scores into classes and the probabilities of two: a few numbers a row.
final class LabelStage: Stage {
    private let action: LabelAction
    private let input: TilePlace
    private let output: TilePlace

    init(action: LabelAction, input: TilePlace, output: TilePlace) {
        self.action = action
        self.input = input
        self.output = output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        if input.kind == .float32 {
            apply(to: &workspace.floats, classes: &workspace.integers, rowCount: tile.rowCount)
        } else {
            apply(to: &workspace.doubles, classes: &workspace.integers, rowCount: tile.rowCount)
        }
    }

    private func apply<Scalar: ActivationScalar>(
        to scores: inout [Scalar], classes: inout [Int32], rowCount: Int
    ) {
        switch action {
        case .binaryProbabilities:
            for row in 0..<rowCount {
                let probability = scores[input.offset + row]
                scores[output.offset + 2 * row] = 1 - probability
                scores[output.offset + 2 * row + 1] = probability
            }
        case .probabilitiesOfScores:
            for row in 0..<rowCount {
                let probability = Scalar.logistic(scores[input.offset + row])
                scores[output.offset + 2 * row] = 1 - probability
                scores[output.offset + 2 * row + 1] = probability
            }
        case .argMax:
            for row in 0..<rowCount {
                let start = input.offset + row * input.width
                classes[output.offset + row] = Int32(
                    Activation.firstMaximum(of: scores, at: start..<start + input.width) - start)
            }
        }
    }
}

enum LabelAction: Sendable {
    case binaryProbabilities
    /// Those of the C library's logistic function of scores.
    case probabilitiesOfScores
    case argMax
}
