internal import ModelIR
internal import TensorCore

/// Makes `text-linear`: a vectorized text before one linear model, without its columns that are zero.
struct TextLinearPredictorBuilder: PredictorBuilder {
    let name = "text-linear"

    private static let tileRowCount = 16
    private static let reason = "one linear model over the terms that occur in a text"

    func fit(_ graph: OptimizedGraph) -> PredictorFit {
        do throws(TextLinearPlan.Obstacle) {
            let plan = try TextLinearPlan(graph)
            guard tail(of: plan, in: graph) != nil else {
                return .cannotRun(reason: "something other than activations and labels follows the linear model")
            }
            return .runs(rank: 10, reason: Self.reason)
        } catch {
            return .cannotRun(reason: error.reason)
        }
    }

    func makePredictor(for graph: OptimizedGraph) throws(ImportError) -> any Predictor {
        guard let plan = try? TextLinearPlan(graph), let tail = tail(of: plan, in: graph),
            let terms = TextTerms(plan.vectorizer)
        else {
            preconditionFailure("fit() said that it runs, and the typed graph that the vocabulary is not too long")
        }
        let tableBytes = terms.byteCount + plan.model.weights.count * 8
        return TextLinearPredictor(
            plan, terms: terms, tail: tail, tileRowCount: Self.tileRowCount,
            report: PredictorReport(
                name: name, reason: Self.reason,
                // A sentence of some twenty terms.
                nanosecondsPerRow: 2500 + 40 * Double(plan.model.outputWidth) + Double(plan.vectorizer.width) / 64
                    + tail.nanosecondsPerRow,
                tableBytes: tableBytes))
    }

    private func tail(of plan: TextLinearPlan, in graph: OptimizedGraph) -> ScoreTail? {
        ScoreTail(graph, scoreNode: plan.modelNode, tileRowCount: Self.tileRowCount, classesOffset: 0)
    }
}
