internal import ModelIR

/// A graph of one text column, a vectorizer, weights of its terms and one linear model, as `text-linear` runs it.
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
    let modelNode: ValueID

    /// Why a graph is not of this form.
    struct Obstacle: Error {
        let reason: String
    }

    init(_ graph: OptimizedGraph) throws(Obstacle) {
        guard graph.nodes.count > 2, case .selectColumns(let columns) = graph.nodes[0].node.operation,
            columns.count == 1, case .textVectorizer(let vectorizer) = graph.nodes[1].node.operation
        else {
            throw Obstacle(reason: "the graph does not begin with one vectorized text")
        }
        inputColumn = columns[0]
        self.vectorizer = vectorizer
        var steps: [Step] = []
        var index = 2
        while index < graph.nodes.count {
            let node = graph.nodes[index].node
            guard node.inputs == [ValueID(index: index - 1)] else {
                throw Obstacle(reason: "the terms go several ways")
            }
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
            case .gemm(let gemm):
                guard gemm.weights.allSatisfy(\.isFinite) else {
                    throw Obstacle(reason: "a weight of the linear model is not a number")
                }
                self.steps = steps
                model = gemm
                modelNode = ValueID(index: index)
                return
            default: throw Obstacle(reason: "\(node.operation.name) stands before the linear model")
            }
            index += 1
        }
        throw Obstacle(reason: "no linear model follows the text")
    }
}
