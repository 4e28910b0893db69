internal import ModelIR

/// Vectorized texts, numbers beside them, factors of their columns and one linear model, as `TextLinearStage` runs it.
struct TextLinearPlan {
    /// Where columns of the model's input come from.
    enum Source {
        /// The terms of a text column of the record.
        case text(inputColumn: Int, TextVectorizer)
        /// A value that another stage computes.
        case numbers(ValueID)
    }

    /// Columns of the model's input, side by side with those of other parts.
    struct Part {
        let source: Source
        let columns: Range<Int>
    }

    /// What happens to numbers; a zero stays zero.
    enum Action: Sendable {
        case sublinear
        /// One factor, or divisor, a column.
        case multiply([Double])
        case divide([Double])
        case normalize(RowNormalizer)
    }

    struct Step: Sendable {
        let action: Action
        let columns: Range<Int>
    }

    /// In the order of their columns, without gaps.
    private(set) var parts: [Part] = []
    private(set) var steps: [Step] = []
    /// Row-major [columns, outputs]: a column's weights lie together.
    let weights: [Double]
    let bias: [Double]
    /// Columns that the model does not read; empty if it reads all.
    let isUnread: [Bool]

    var width: Int { parts.last?.columns.upperBound ?? 0 }
    var outputCount: Int { bias.count }

    /// Why a graph is not of this form.
    struct Obstacle: Error {
        let reason: String
    }

    /// Follows the linear model's input back to the record.
    init(_ model: Gemm, at gemm: ValueID, of graph: OptimizedGraph) throws(Obstacle) {
        guard model.weights.allSatisfy(\.isFinite) else {
            throw Obstacle(reason: "a weight of the linear model is not a number")
        }
        let outputCount = model.outputWidth
        var input = graph.node(gemm).inputs[0]
        var columns = Array(0..<model.inputWidth)
        // A selection of features right before the model: as if the others had a weight of zero.
        if case .gatherColumns(let selected) = graph.node(input).operation,
            zip(selected, selected.dropFirst()).allSatisfy({ $0 < $1 })
        {
            columns = selected
            input = graph.node(input).inputs[0]
        }
        let width = graph.type(input).width
        var weights = [Double](repeating: 0, count: width * outputCount)
        var isUnread = [Bool](repeating: true, count: width)
        for (place, column) in columns.enumerated() {
            isUnread[column] = false
            for output in 0..<outputCount {
                weights[column * outputCount + output] = model.weights[output * model.inputWidth + place]
            }
        }
        self.weights = weights
        self.isUnread = columns.count == width ? [] : isUnread
        bias = model.bias
        follow(input, from: 0, of: graph)
        guard parts.contains(where: { if case .text = $0.source { true } else { false } }) else {
            throw Obstacle(reason: "no text column's terms stand before the linear model")
        }
    }

    /// Adds the parts and steps of a value whose first column stands at `first`. What is not known to leave zeros
    /// alone is a part of numbers.
    private mutating func follow(_ value: ValueID, from first: Int, of graph: OptimizedGraph) {
        let node = graph.node(value)
        let columns = first..<first + graph.type(value).width
        switch node.operation {
        case .concat:
            var next = first
            for input in node.inputs {
                follow(input, from: next, of: graph)
                next += graph.type(input).width
            }
        case .elementwise(.sublinearCount):
            follow(node.inputs[0], from: first, of: graph)
            steps.append(Step(action: .sublinear, columns: columns))
        case .scaler(let scaler) where scaler.keepsZeros:
            follow(node.inputs[0], from: first, of: graph)
            let action: Action =
                switch scaler.form {
                case .multiplyAdd: .multiply(scaler.scale)
                case .subtractDivide: .divide(scaler.scale)
                }
            steps.append(Step(action: action, columns: columns))
        case .rowNormalizer(let normalizer):
            follow(node.inputs[0], from: first, of: graph)
            steps.append(Step(action: .normalize(normalizer), columns: columns))
        case .refuseMissing where node.inputs.count == 1:
            // It asks of the record's columns, and leaves the numbers as they are.
            follow(node.inputs[0], from: first, of: graph)
        case .textVectorizer(let vectorizer):
            guard case .selectColumns(let texts) = graph.node(node.inputs[0]).operation, texts.count == 1 else {
                fallthrough
            }
            parts.append(Part(source: .text(inputColumn: texts[0], vectorizer), columns: columns))
        default:
            parts.append(Part(source: .numbers(value), columns: columns))
        }
    }
}

extension Scaler {
    /// Whether zero stays zero in every column, as it does where nothing is added or taken away.
    fileprivate var keepsZeros: Bool {
        clip == nil && offset.allSatisfy { $0 == 0 }
            && scale.allSatisfy { $0.isFinite && ($0 != 0 || form == .multiplyAdd) }
    }
}
