internal import ModelIR
internal import TensorCore

/// Makes `linear-folded`: selections, imputers, scalers and one-hot encoders before one linear model.
struct LinearPredictorBuilder: PredictorBuilder {
    let name = "linear-folded"

    private static let tileRowCount = 16

    func fit(_ graph: OptimizedGraph) -> PredictorFit {
        do throws(LinearFold.Obstacle) {
            let fold = try LinearFold(graph)
            guard tail(of: fold, in: graph) != nil else {
                return .cannotRun(reason: "something other than activations and labels follows the linear model")
            }
            return .runs(rank: 10, reason: reason(fold))
        } catch {
            return .cannotRun(reason: error.reason)
        }
    }

    func makePredictor(for graph: OptimizedGraph) throws(ImportError) -> any Predictor {
        guard let fold = try? LinearFold(graph), let tail = tail(of: fold, in: graph) else {
            preconditionFailure("fit() said that it folds")
        }
        let weightCount = fold.terms.weights.count
        let tableBytes =
            weightCount * 8 + fold.terms.count * 20
            + fold.encodings.reduce(0) { $0 + $1.table.byteCount + $1.weights.count * 8 }
        let cost =
            80 + 1.5 * Double(fold.terms.count) + 0.4 * Double(weightCount)
            + (45 + Double(fold.outputCount)) * Double(fold.encodings.count) + tail.nanosecondsPerRow
        let inputs = graph.signature.inputs
        return LinearPredictor(
            fold, requiredColumns: inputs.indices.filter { !inputs[$0].acceptsMissing }, tail: tail,
            tileRowCount: Self.tileRowCount,
            report: PredictorReport(
                name: name, reason: reason(fold), nanosecondsPerRow: cost, tableBytes: tableBytes))
    }

    private func tail(of fold: LinearFold, in graph: OptimizedGraph) -> ScoreTail? {
        ScoreTail(graph, scoreNode: fold.gemm, tileRowCount: Self.tileRowCount, classesOffset: 0)
    }

    private func reason(_ fold: LinearFold) -> String {
        "one linear model, folded with what stands before it into \(fold.terms.count) numbers and "
            + "\(fold.encodings.count) encoded columns"
    }
}
