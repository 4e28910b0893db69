internal import ModelIR
internal import TensorCore

/// What turns scores into classes and the probabilities of two: a few numbers a row.
struct LabelStage<Scalar: ActivationScalar>: Stage {
    let action: LabelAction
    let input: TilePlace
    let output: TilePlace

    @specialized(where Scalar == Double)
    @specialized(where Scalar == Float)
    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        apply(to: &Scalar[of: workspace], classes: &workspace.integers, rowCount: tile.rowCount)
    }

    private func apply(to scores: inout [Scalar], classes: inout [Int32], rowCount: Int) {
        for row in 0..<rowCount {
            let start = input.offset + row * input.width
            let target = output.offset + row * output.width
            switch action {
            case .binaryProbabilities:
                let probability = scores[start]
                scores[target] = 1 - probability
                scores[target + 1] = probability
            case .argMax:
                classes[target] = Int32(Activation.firstMaximum(of: scores, at: start..<start + input.width) - start)
            case .greater(let threshold):
                classes[target] = Double(scores[start]) > threshold ? 1 : 0
            }
        }
    }
}

enum LabelAction: Sendable {
    case binaryProbabilities
    case argMax
    case greater(threshold: Double)

    fileprivate init?(_ operation: Operator) {
        switch operation {
        case .binaryProbabilities: self = .binaryProbabilities
        case .argMax: self = .argMax
        case .greater(let threshold): self = .greater(threshold: threshold)
        default: return nil
        }
    }
}

struct LabelStageBuilder: StageBuilder {
    let name = "label"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard let action = LabelAction(node.operation) else { return nil }
        let input = graph.type(node.inputs[0])
        let cost = 1 + Double(input.width)
        let isNarrow = input.kind == .float32
        return .runs(
            StagePlan(
                inputs: node.inputs, nanosecondsPerRow: 6 + cost, nanosecondsPerRowOfMany: cost,
                reason: "\(node.operation.name) of \(input.width) numbers", tableBytes: 0,
                make: { places, _ throws(ImportError) in
                    if isNarrow {
                        return LabelStage<Float>(
                            action: action, input: places.inputs[0], output: places.output)
                    }
                    return LabelStage<Double>(
                        action: action, input: places.inputs[0], output: places.output)
                }))
    }
}
