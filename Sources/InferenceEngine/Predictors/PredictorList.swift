internal import ModelIR

/// The predictors, the best first and the reference last.
enum PredictorList {
    static let all: [any PredictorBuilder] = [
        ForestPredictorBuilder(),
        LinearPredictorBuilder(),
        TextLinearPredictorBuilder(),
        ReferencePredictorBuilder(),
    ]
}

/// Makes one kind of predictor.
protocol PredictorBuilder: Sendable {
    /// Such as `forest-compact`.
    var name: String { get }

    /// Whether it can run this graph, and why or why not.
    func fit(_ graph: OptimizedGraph) -> PredictorFit

    /// Builds the predictor; called only after `fit` said that it can.
    func makePredictor(for graph: OptimizedGraph) throws(ImportError) -> any Predictor
}

/// A builder's answer.
enum PredictorFit {
    /// It can; the lowest rank is chosen.
    case runs(rank: Int, reason: String)
    case cannotRun(reason: String)

    var rank: Int? {
        if case .runs(let rank, _) = self { rank } else { nil }
    }

    var reason: String {
        switch self {
        case .runs(_, let reason), .cannotRun(let reason): reason
        }
    }
}
