internal import ModelIR

/// Makes `text-linear`: a vectorized text before a linear model, without its columns that are zero.
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
        // A sentence of some twenty terms.
        let cost = 2500 + 40 * Double(model.outputWidth) + Double(plan.vectorizer.width) / 64
        return .runs(
            StagePlan(
                inputs: [], nanosecondsPerRow: cost, nanosecondsPerRowOfMany: cost,
                reason: "one linear model over the terms that occur in a text",
                tableBytes: plan.vectorizer.width * 16 + model.weights.count * 8,
                make: { places, memory throws(ImportError) in
                    guard let terms = TextTerms(plan.vectorizer) else {
                        throw ImportError(
                            .malformed, at: graph.node(value).path, found: "a vocabulary too long to look up",
                            expected: "at most 2^31 bytes of terms")
                    }
                    return TextLinearStage(plan, terms: terms, output: places.output, memory: &memory)
                }))
    }
}
