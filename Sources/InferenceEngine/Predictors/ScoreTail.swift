internal import ModelIR
internal import TensorCore

/// What follows a model's scores: activations, probabilities, labels. Shared by the fast predictors; it works on a
/// tile of rows in their workspace, one step after the other.
struct ScoreTail: Sendable {
    /// One value of the tile: row r lies at `offset + r * width`.
    struct Place: Sendable, Hashable {
        let offset: Int
        let width: Int
    }

    private enum Action: Sendable {
        case activation(Activation)
        case scaler(Scaler)
        case binaryProbabilities
        case argMax
        case greater(threshold: Double)
    }

    private struct Step: Sendable {
        let action: Action
        let input: Place
        let output: Place
    }

    private struct Output: Sendable {
        let place: Place
        let isLabel: Bool
    }

    private let steps: [Step]
    private let outputs: [Output]
    /// Numbers of a tile: the scores, which come first, and everything computed from them.
    let scalarCount: Int
    /// Class indices of a tile, and where they begin in the workspace's `integers`.
    let classCount: Int
    let classesOffset: Int
    /// About what a row costs here.
    let nanosecondsPerRow: Double

    /// Matches everything after `scoreNode`; nil if some node after it, or some output, is not of this kind.
    /// The tile's class indices begin at `classesOffset` in the workspace's integers.
    init?(_ graph: OptimizedGraph, scoreNode: ValueID, tileRowCount: Int, classesOffset: Int) {
        var places: [Int: Place] = [:]
        var scalarCount = 0
        var classCount = 0
        func scalarPlace(width: Int) -> Place {
            defer { scalarCount += width * tileRowCount }
            return Place(offset: scalarCount, width: width)
        }
        func classPlace() -> Place {
            defer { classCount += tileRowCount }
            return Place(offset: classesOffset + classCount, width: 1)
        }
        places[scoreNode.index] = scalarPlace(width: graph.type(scoreNode).width)
        var steps: [Step] = []
        var cost = 0.0
        for index in graph.nodes.indices where index > scoreNode.index {
            let node = graph.nodes[index].node
            guard node.inputs.count == 1, let input = places[node.inputs[0].index] else { return nil }
            let width = graph.nodes[index].type.width
            let action: Action
            switch node.operation {
            case .activation(let activation): (action, cost) = (.activation(activation), cost + 12 * Double(width))
            case .scaler(let scaler): (action, cost) = (.scaler(scaler), cost + 2 * Double(width))
            case .binaryProbabilities: action = .binaryProbabilities
            case .argMax: action = .argMax
            case .greater(let threshold): action = .greater(threshold: threshold)
            default: return nil
            }
            let isClass = graph.nodes[index].type.kind == .classIndex
            let output = isClass ? classPlace() : scalarPlace(width: width)
            steps.append(Step(action: action, input: input, output: output))
            places[index] = output
            cost += 3
        }
        var outputs: [Output] = []
        for output in graph.outputs {
            guard let place = places[output.value.index] else { return nil }
            outputs.append(Output(place: place, isLabel: graph.type(output.value).kind == .classIndex))
        }
        self.steps = steps
        self.outputs = outputs
        self.scalarCount = scalarCount
        self.classCount = classCount
        self.classesOffset = classesOffset
        nanosecondsPerRow = cost + 3 * Double(outputs.count)
    }

    /// Computes everything after the scores for the first `rowCount` rows of the tile, and writes them to the
    /// output's rows from `firstRow` on.
    func run<Scalar: ActivationScalar>(
        rowCount: Int, firstRow: Int, scalars: inout [Scalar], classes: inout [Int32], output: inout OutputBatch
    ) {
        for step in steps {
            for row in 0..<rowCount {
                let start = step.input.offset + row * step.input.width
                let input = start..<start + step.input.width
                let target = step.output.offset + row * step.output.width
                switch step.action {
                case .activation(let activation):
                    activation.apply(to: &scalars, at: input, output: target)
                case .scaler(let scaler):
                    for column in 0..<step.input.width {
                        scalars[target + column] = Scalar(
                            scaler.scaled(Double(scalars[start + column]), column: column))
                    }
                case .binaryProbabilities:
                    let probability = scalars[start]
                    scalars[target] = 1 - probability
                    scalars[target + 1] = probability
                case .argMax:
                    classes[target] = Int32(Activation.firstMaximum(of: scalars, at: input) - start)
                case .greater(let threshold):
                    classes[target] = Double(scalars[start]) > threshold ? 1 : 0
                }
            }
        }
        for (field, source) in outputs.enumerated() {
            let count = rowCount * source.place.width
            let target = firstRow * source.place.width
            if source.isLabel {
                for index in 0..<count {
                    output.values[field].labels[target + index] = classes[source.place.offset + index]
                }
            } else {
                let range = source.place.offset..<source.place.offset + count
                Scalar.copy(scalars, range, to: &output.values[field], at: target)
            }
        }
    }
}
