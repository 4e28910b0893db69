internal import ModelIR
internal import TensorCore

/// Makes `linear-folded`: selections, imputers, scalers and one-hot encoders before a linear model, and the model.
struct LinearFoldStageBuilder: StageBuilder {
    let name = "linear-folded"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        guard case .gemm(let model) = graph.node(value).operation else { return nil }
        let fold: LinearFold
        do throws(LinearFold.Obstacle) {
            fold = try LinearFold(model, at: value, of: graph)
        } catch {
            return .cannotRun(reason: error.reason)
        }
        let weightCount = fold.terms.weights.count
        let tableBytes =
            weightCount * 8 + fold.terms.count * 20
            + fold.encodings.reduce(0) { $0 + $1.table.byteCount + $1.weights.count * 8 }
        let numbers = 0.2 * Double(fold.terms.count) + 0.15 * Double(weightCount)
        let encodings = Double(fold.encodings.count)
        let outputs = Double(fold.outputCount)
        let inputs = graph.signature.inputs
        return .runs(
            StagePlan(
                inputs: [], nanosecondsPerRow: 50 + numbers + 4 * outputs + (35 + outputs) * encodings,
                nanosecondsPerRowOfMany: 6 + numbers + 4 * outputs + (16 + outputs) * encodings,
                reason: "one linear model, folded with what stands before it into \(fold.terms.count) numbers and "
                    + "\(fold.encodings.count) encoded columns",
                tableBytes: tableBytes, findsMissing: LinearFoldStage.findsMissing(fold, of: inputs),
                make: { places, memory throws(ImportError) in
                    LinearFoldStage(fold, of: inputs, places, memory: &memory)
                }))
    }
}
