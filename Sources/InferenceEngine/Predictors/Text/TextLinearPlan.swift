internal import ModelIR

/// A graph of one text column, a vectorizer, weights of its terms and one linear model, as `TextLinearStage` runs it.
struct TextLinearPlan {
    /// What happens to the counts of a text's terms; a count of zero stays zero.
    enum Step: Sendable {
        case sublinear
        /// One factor a term.
        case weigh([Double])
        case normalize(RowNormalizer)
    }

    let inputColumn: Int
    let vectorizer: TextVectorizer
    let steps: [Step]
    let model: Gemm

    /// Why a graph is not of this form.
    struct Obstacle: Error {
        let reason: String
    }

    /// Follows the linear model's input back to the record.
    init(_ model: Gemm, at gemm: ValueID, of graph: OptimizedGraph) throws(Obstacle) {
        guard model.weights.allSatisfy(\.isFinite) else {
            throw Obstacle(reason: "a weight of the linear model is not a number")
        }
        self.model = model
        var steps: [Step] = []
        var value = graph.node(gemm).inputs[0]
        while true {
            let node = graph.node(value)
            switch node.operation {
            case .elementwise(.sublinearCount): steps.append(.sublinear)
            case .scaler(let scaler):
                guard scaler.form == .multiplyAdd, scaler.clip == nil, scaler.offset.allSatisfy({ $0 == 0 }),
                    scaler.scale.allSatisfy(\.isFinite)
                else {
                    throw Obstacle(reason: "a scaler moves the counts of terms that do not occur")
                }
                steps.append(.weigh(scaler.scale))
            case .rowNormalizer(let normalizer): steps.append(.normalize(normalizer))
            case .textVectorizer(let vectorizer):
                guard case .selectColumns(let columns) = graph.node(node.inputs[0]).operation, columns.count == 1 else {
                    throw Obstacle(reason: "the vectorized text is not one of the record's columns as it is")
                }
                inputColumn = columns[0]
                self.vectorizer = vectorizer
                self.steps = steps.reversed()
                return
            default: throw Obstacle(reason: "no vectorized text stands before the linear model")
            }
            value = node.inputs[0]
        }
    }
}
