internal import ModelIR

/// Makes `text-linear`: vectorized texts, and numbers beside them, before a linear model, without the columns that are
/// zero.
struct TextLinearStageBuilder: StageBuilder {
    let name = "text-linear"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        guard case .gemm(let model) = graph.node(value).operation else { return nil }
        let plan: TextLinearPlan
        do throws(TextLinearPlan.Obstacle) {
            plan = try TextLinearPlan(model, at: value, of: graph)
        } catch {
            return .cannotRun(reason: error.reason)
        }
        var vectorizers: [TextVectorizer] = []
        var inputs: [ValueID] = []
        for part in plan.parts {
            switch part.source {
            case .text(_, let vectorizer): vectorizers.append(vectorizer)
            case .numbers(let value): inputs.append(value)
            }
        }
        let numberCount = inputs.reduce(0) { $0 + graph.type($1).width }
        // Texts of some twenty terms.
        let terms = 20 * Double(vectorizers.count)
        let cost =
            300 * terms + 2 * Double(numberCount) + Double(plan.outputCount) * (terms + Double(numberCount)) / 2
        return .runs(
            StagePlan(
                inputs: inputs, nanosecondsPerRow: cost, nanosecondsPerRowOfMany: cost,
                reason: "one linear model over the terms that occur in \(vectorizers.count) texts"
                    + (numberCount > 0 ? ", and \(numberCount) numbers" : ""),
                tableBytes: vectorizers.reduce(0) { $0 + $1.width * 16 } + plan.weights.count * 8,
                make: { places, memory throws(ImportError) in
                    let terms = vectorizers.compactMap { TextTerms($0) }
                    guard terms.count == vectorizers.count else {
                        throw ImportError(
                            .malformed, at: graph.node(value).path, found: "a vocabulary too long to look up",
                            expected: "at most 2^31 bytes of terms")
                    }
                    return TextLinearStage(
                        plan, inputs: places.inputs, terms: terms, output: places.output, memory: &memory)
                }))
    }
}
