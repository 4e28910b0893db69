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
        } else if case .probabilitiesOfScores(.some(let packed)) = action {
            // Into the second half of the output, from where the first half is filled up before it is reached.
            let second = TilePlace(
                kind: .float64, offset: output.offset + tile.rowCount, width: 1, inputColumns: [])
            DenseKernel.activate(packed, from: input, to: second, rowCount: tile.rowCount, in: workspace)
            setProbabilities(&workspace.doubles, from: second.offset, rowCount: tile.rowCount)
        } else {
            apply(to: &workspace.doubles, classes: &workspace.integers, rowCount: tile.rowCount)
        }
    }

    private func apply<Scalar: ActivationScalar>(
        to scores: inout [Scalar], classes: inout [Int32], rowCount: Int
    ) {
        switch action {
        case .binaryProbabilities:
            setProbabilities(&scores, from: input.offset, rowCount: rowCount)
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
        case .greater(let threshold):
            for row in 0..<rowCount {
                classes[output.offset + row] = Double(scores[input.offset + row]) > threshold ? 1 : 0
            }
        }
    }

    private func setProbabilities<Scalar: ActivationScalar>(_ numbers: inout [Scalar], from first: Int, rowCount: Int) {
        for row in 0..<rowCount {
            let probability = numbers[first + row]
            numbers[output.offset + 2 * row] = 1 - probability
            numbers[output.offset + 2 * row + 1] = probability
        }
    }
}

enum LabelAction: Sendable {
    case binaryProbabilities
    /// Those of the logistic function of scores: a packed one, or the C library's.
    case probabilitiesOfScores(PackedActivation?)
    case argMax
    case greater(threshold: Double)
}

struct LabelStageBuilder: StageBuilder {
    let name = "label"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        let source = node.inputs.first
        switch node.operation {
        case .binaryProbabilities:
            if let source, let folded = offerOfScores(source, node, of: graph) { return folded }
            return offer(.binaryProbabilities, from: node.inputs, node, of: graph)
        case .argMax: return offer(.argMax, from: node.inputs, node, of: graph)
        case .greater(let threshold): return offer(.greater(threshold: threshold), from: node.inputs, node, of: graph)
        default: return nil
        }
    }

    /// The probabilities of scores, where nothing else reads their logistic function.
    private func offerOfScores(_ source: ValueID, _ node: Node, of graph: OptimizedGraph) -> StageOffer? {
        let function = graph.node(source)
        guard case .activation(.logistic) = function.operation, graph.useCounts[source.index] == 1,
            graph.type(source).width == 1
        else { return nil }
        // What follows trees keeps the C library's bits, as their libraries' own results do.
        let isPacked = graph.type(source).kind == .float64 && !graph.followsTrees[source.index]
        return offer(
            .probabilitiesOfScores(isPacked ? PackedActivation(.logistic) : nil), from: function.inputs, node,
            of: graph,
            more: isPacked ? 3 : 12)
    }

    /// - Parameter more: nanoseconds of what is folded in.
    private func offer(
        _ action: LabelAction, from inputs: [ValueID], _ node: Node, of graph: OptimizedGraph, more: Double = 0
    ) -> StageOffer? {
        let input = graph.type(inputs[0])
        let cost = 1 + Double(input.width) + more
        return .runs(
            StagePlan(
                inputs: inputs, nanosecondsPerRow: 6 + cost, nanosecondsPerRowOfMany: cost,
                reason: "\(node.operation.name) of \(input.width) numbers", tableBytes: 0,
                make: { places, _ throws(ImportError) in
                    LabelStage(action: action, input: places.inputs[0], output: places.output)
                }))
    }
}
