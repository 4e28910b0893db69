import ModelIR
import SeededRandom
import TensorCore
import Testing

/// What a random ensemble is like.
struct EnsembleShape: CustomTestStringConvertible {
    var trees = 20
    var depth = 6
    var features = 8
    var groups = 1
    var precision = TreeEnsemble.Precision.float32
    var comparison = TreeEnsemble.Comparison.less
    /// How likely a node above the full depth is a leaf.
    var leafRate = 0.1
    var hasVectorLeaves = false
    var hasWeights = false

    var testDescription: String {
        "\(trees) trees, depth \(depth), \(features) features, \(groups) groups, \(precision), \(comparison), "
            + "leaf rate \(leafRate), vector leaves \(hasVectorLeaves), weights \(hasWeights)"
    }
}

/// Thresholds and features are drawn from one small set of numbers, so that rows often lie exactly on a threshold.
enum TestNumbers {
    static func number(using generator: inout SeededGenerator) -> Double {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: -0.0
        case 1: 0
        case 2: Double(Float.leastNonzeroMagnitude)
        case 3: -Double(Float.leastNonzeroMagnitude)
        case 4: 1e-39
        case 5: Double(Float.greatestFiniteMagnitude)
        case 6: 0.1
        case 7: Double(Float(0.1))
        default: Double(Int.random(in: -8...8, using: &generator)) / 8
        }
    }
}

func makeEnsemble(_ shape: EnsembleShape, using generator: inout SeededGenerator) -> TreeEnsemble {
    var ensemble = TreeEnsemble(
        featureCount: shape.features, groupCount: shape.groups, comparison: shape.comparison,
        precision: shape.precision)
    ensemble.baseScores = (0..<shape.groups).map { _ in Double(Float.random(in: -1...1, using: &generator)) }
    if shape.hasVectorLeaves { ensemble.leafWidth = shape.groups }

    func leafValue(using generator: inout SeededGenerator) -> Double {
        guard shape.hasVectorLeaves else { return Double(Float.random(in: -1...1, using: &generator)) }
        let row = ensemble.leafVectors.count / shape.groups
        for _ in 0..<shape.groups { ensemble.leafVectors.append(Double(Float.random(in: -1...1, using: &generator))) }
        return Double(row)
    }
    func append(depth: Int, using generator: inout SeededGenerator) -> Int32 {
        let node = ensemble.features.count
        let isLeaf = depth == 0 || generator.chance(shape.leafRate)
        ensemble.features.append(isLeaf ? -1 : Int32.random(in: 0..<Int32(shape.features), using: &generator))
        var threshold = TestNumbers.number(using: &generator)
        if shape.precision == .float32 { threshold = Double(Float(threshold)) }
        ensemble.thresholds.append(threshold)
        ensemble.leftChildren.append(-1)
        ensemble.rightChildren.append(-1)
        ensemble.missingGoesLeft.append(Bool.random(using: &generator))
        ensemble.leafValues.append(isLeaf ? leafValue(using: &generator) : 0)
        if !isLeaf {
            ensemble.leftChildren[node] = append(depth: depth - 1, using: &generator)
            ensemble.rightChildren[node] = append(depth: depth - 1, using: &generator)
        }
        return Int32(node)
    }
    for tree in 0..<shape.trees {
        ensemble.roots.append(append(depth: shape.depth, using: &generator))
        ensemble.treeGroups.append(Int32(tree % shape.groups))
        if shape.hasWeights { ensemble.treeWeights.append(Double(Float.random(in: 0...1, using: &generator))) }
    }
    return ensemble
}

/// A model of one ensemble over all of the record's columns; two groups or more end in labels and probabilities.
func makeForest(_ ensemble: TreeEnsemble) -> ImportedGraph {
    var graph = ImportedGraph(columns: columns(ensemble.featureCount))
    let input = graph.append(.selectColumns(Array(0..<ensemble.featureCount)), path: "input")
    let score = graph.append(.treeEnsemble(ensemble), [input], path: "trees")
    graph.addOutput(GraphOutput(name: "score", value: score, meaning: .values))
    if ensemble.groupCount > 1 {
        let labels = ClassLabels.integers((0..<Int64(ensemble.groupCount)).map { $0 })
        let softmax = graph.append(.activation(.softmax), [score], path: "softmax")
        let label = graph.append(.argMax, [softmax], path: "label")
        graph.addOutput(GraphOutput(name: "label", value: label, meaning: .label(labels)))
        graph.addOutput(GraphOutput(name: "probabilities", value: softmax, meaning: .probabilities(labels)))
    } else {
        let logistic = graph.append(.activation(.logistic), [score], path: "logistic")
        let both = graph.append(.binaryProbabilities, [logistic], path: "both")
        let label = graph.append(.greater(threshold: 0.5), [logistic], path: "label")
        let labels = ClassLabels.integers([0, 1])
        graph.addOutput(GraphOutput(name: "label", value: label, meaning: .label(labels)))
        graph.addOutput(GraphOutput(name: "probabilities", value: both, meaning: .probabilities(labels)))
    }
    return graph
}

/// Rows of test numbers.
func makeRows(
    _ count: Int, columns: Int, missingRate: Double, using generator: inout SeededGenerator
) -> [[Cell]] {
    (0..<count).map { _ in
        (0..<columns).map { _ in
            generator.chance(missingRate) ? .missing : .number(TestNumbers.number(using: &generator))
        }
    }
}
