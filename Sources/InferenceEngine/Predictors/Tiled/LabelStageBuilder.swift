internal import ModelIR

/// Makes `label`: classes and probabilities of a few numbers.
struct LabelStageBuilder: StageBuilder {
    let name = "label"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        switch node.operation {
        case .binaryProbabilities:
            if let folded = offerOfScores(node, of: graph) { return folded }
            return offer(node.inputs, node, of: graph) {
                LabelStage(action: .binaryProbabilities, input: $0, output: $1)
            }
        case .argMax:
            return offer(node.inputs, node, of: graph) { LabelStage(action: .argMax, input: $0, output: $1) }
        case .greater(let threshold):
            return offer(node.inputs, node, of: graph) { ThresholdStage(threshold: threshold, input: $0, output: $1) }
        default: return nil
        }
    }

    /// The probabilities of scores, where nothing else reads their logistic function.
    private func offerOfScores(_ node: Node, of graph: OptimizedGraph) -> StageOffer? {
        let source = node.inputs[0]
        let function = graph.node(source)
        guard case .activation(.logistic) = function.operation, graph.useCounts[source.index] == 1,
            graph.type(source).width == 1
        else { return nil }
        // What follows trees keeps the C library's bits, as their libraries' own results do.
        if graph.type(source).kind == .float64, !graph.followsTrees[source.index] {
            return offer(function.inputs, node, of: graph, more: 3) { ProbabilitiesStage(input: $0, output: $1) }
        }
        return offer(function.inputs, node, of: graph, more: 12) {
            LabelStage(action: .probabilitiesOfScores, input: $0, output: $1)
        }
    }

    /// - Parameter more: nanoseconds of what is folded in.
    private func offer(
        _ inputs: [ValueID], _ node: Node, of graph: OptimizedGraph, more: Double = 0,
        make: @escaping (_ input: TilePlace, _ output: TilePlace) -> any Stage
    ) -> StageOffer {
        let width = graph.type(inputs[0]).width
        let cost = 1 + Double(width) + more
        return .runs(
            StagePlan(
                inputs: inputs, nanosecondsPerRow: 6 + cost, nanosecondsPerRowOfMany: cost,
                reason: "\(node.operation.name) of \(width) numbers", tableBytes: 0,
                make: { places, _ throws(ImportError) in make(places.inputs[0], places.output) }))
    }
}
