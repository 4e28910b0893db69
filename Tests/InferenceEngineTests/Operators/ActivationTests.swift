import Glibc
import InferenceEngine
import ModelIR
import TensorCore
import Testing

/// Functions of scores, in float64 and, behind an ensemble of XGBoost's precision, in float32.
@Suite struct ActivationTests {
    /// An ensemble without trees whose scores are these.
    private func scores(_ values: [Double], _ precision: TreeEnsemble.Precision) -> TreeEnsemble {
        var ensemble = TreeEnsemble(featureCount: 1, groupCount: values.count, comparison: .less, precision: precision)
        ensemble.baseScores = values
        return ensemble
    }

    private func apply(_ operation: Operator, to values: [Double], _ precision: TreeEnsemble.Precision) throws -> Answer
    {
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        let score = graph.append(.treeEnsemble(scores(values, precision)), [input], path: "scores")
        let value = graph.append(operation, [score], path: "step")
        graph.addOutput(GraphOutput(name: "prediction", value: value, meaning: .values))
        let reference = answer(try ModelCompiler.compile(graph, forcing: "reference"), [[0]])
        #expect(answer(try ModelCompiler.compile(graph, forcing: "forest-packed"), [[0]]) == reference)
        return reference
    }

    @Test func logisticOfDoublesIsStableAtBothEnds() throws {
        let found = try apply(.activation(.logistic), to: [0, 2, -2, 800, -800], .float64).doubles()
        #expect(found == [0.5, 1 / (1 + exp(-2.0)), exp(-2.0) / (1 + exp(-2.0)), 1, 0])
    }

    @Test func logisticOfFloatsIsCappedAsInXGBoost() throws {
        let found = try apply(.activation(.logistic), to: [0, 2, -200, 200], .float32).floats()
        #expect(found == [0.5, 1 / (expf(-2) + 1), 1 / (expf(88.7) + 1), 1])
        #expect(found[2] > 0)
    }

    @Test func softmaxOfFloatsSumsInDoubleAsInXGBoost() throws {
        let found = try apply(.activation(.softmax), to: [1, 3, -2], .float32).floats()
        let powers: [Float] = [expf(-2), expf(0), expf(-5)]
        let sum = Float(powers.reduce(0.0) { $0 + Double($1) })
        #expect(found == powers.map { $0 / sum })
    }

    @Test func softmaxOfDoublesDoesNotOverflow() throws {
        let found = try apply(.activation(.softmax), to: [1000, 1000], .float64).doubles()
        #expect(found == [0.5, 0.5])
    }

    @Test func takesPowersStepsShares() throws {
        #expect(try apply(.activation(.exp), to: [0, 1], .float64).doubles() == [1, exp(1.0)])
        #expect(try apply(.activation(.exp), to: [0, 1], .float32).floats() == [1, expf(1)])
        #expect(try apply(.activation(.step), to: [-1, 0, 0.5], .float32).floats() == [0, 0, 1])
        #expect(try apply(.activation(.normalizeSum), to: [1, 3], .float64).doubles() == [0.25, 0.75])
    }

    @Test func takesTheFirstMaximum() throws {
        #expect(try apply(.activation(.argMaxValue), to: [1, 5, 5, 2], .float32).floats() == [1])
        #expect(try apply(.activation(.argMaxValue), to: [5, 5], .float64).doubles() == [0])
    }

    @Test func makesBothProbabilities() throws {
        #expect(try apply(.binaryProbabilities, to: [0.25], .float64).doubles() == [0.75, 0.25])
        #expect(try apply(.binaryProbabilities, to: [0.1], .float32).floats() == [1 - Float(0.1), 0.1])
    }

    @Test(arguments: [(-0.5, 0), (0.0, 0), (0.5, 1)]) func comparesStrictlyForALabel(_ score: Double, _ label: Int32)
        throws
    {
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        let score = graph.append(.treeEnsemble(scores([score], .float64)), [input], path: "scores")
        let value = graph.append(.greater(threshold: 0), [score], path: "label")
        graph.addOutput(
            GraphOutput(name: "prediction", value: value, meaning: .label(.strings(["no", "yes"]))))
        for name in ["reference", "forest-packed"] {
            #expect(answer(try ModelCompiler.compile(graph, forcing: name), [[0]]).labels[0] == [label])
        }
    }

    @Test func labelsTheFirstMaximum() throws {
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        let score = graph.append(.treeEnsemble(scores([1, 4, 4], .float32)), [input], path: "scores")
        let value = graph.append(.argMax, [score], path: "label")
        graph.addOutput(
            GraphOutput(name: "prediction", value: value, meaning: .label(.integers([10, 20, 30]))))
        #expect(answer(try ModelCompiler.compile(graph), [[0], [1]]).labels[0] == [1, 1])
    }
}
