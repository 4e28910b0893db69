import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

/// Ensembles whose library refuses missing values, and what follows a forest's sum.
@Suite struct ForestRefusalTests {
    /// A forest as scikit-learn's are: vector leaves, then a division.
    private func makeAveragedForest(acceptsMissing: Bool, seed: UInt64) -> ImportedGraph {
        var generator = SeededGenerator(seed: seed)
        var ensemble = makeEnsemble(
            EnsembleShape(
                trees: 11, features: 5, groups: 3, precision: .float32FeaturesFloat64Sums, comparison: .lessOrEqual,
                hasVectorLeaves: true), using: &generator)
        ensemble.acceptsMissing = acceptsMissing
        var graph = ImportedGraph(columns: columns(5))
        let input = graph.append(.selectColumns([0, 1, 2, 3, 4]), path: "input")
        let sum = graph.append(.treeEnsemble(ensemble), [input], path: "trees")
        let scaler = Scaler(form: .subtractDivide, offset: [0, 0, 0], scale: [11, 11, 11])
        let mean = graph.append(.scaler(scaler), [sum], path: "mean")
        let label = graph.append(.argMax, [mean], path: "label")
        let labels = ClassLabels.integers([1, 2, 3])
        graph.addOutput(GraphOutput(name: "prediction", value: label, meaning: .label(labels)))
        graph.addOutput(GraphOutput(name: "probabilities", value: mean, meaning: .probabilities(labels)))
        return graph
    }

    @Test(arguments: [true, false]) func theFastForestAgreesWithTheReference(acceptsMissing: Bool) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        let graph = makeAveragedForest(acceptsMissing: acceptsMissing, seed: seed)
        let fast = try ModelCompiler.compile(graph)
        #expect(fast.predictor.report.name.hasPrefix("forest-"))
        let reference = try ModelCompiler.compile(graph, forcing: "reference")
        var generator = SeededGenerator(seed: seed)
        var rows = makeRows(70, columns: 5, missingRate: 0.1, using: &generator)
        rows[3] = [0, 0, 0, 0, .number(1e39)]
        rows[4] = [.number(1e300), nil, 0, 0, 0]
        rows[5] = [nil, nil, nil, nil, nil]
        let found = answer(fast, rows)
        #expect(found == answer(reference, rows), "seed \(seed)")
        let hasMissing = found.faults.contains { $0.reason == .missingValue }
        #expect(hasMissing != acceptsMissing)
        #expect(found.faults.contains { $0.reason == .exceedsFloat32 })
        #expect(fast.signature.inputs.allSatisfy { $0.acceptsMissing == acceptsMissing })
    }

    @Test func refusesMissingValuesOfAComputedColumn() throws {
        var graph = ImportedGraph(columns: columns(1))
        var ensemble = TreeEnsemble(
            featureCount: 1, groupCount: 1, comparison: .lessOrEqual, precision: .float32FeaturesFloat64Sums)
        ensemble.acceptsMissing = false
        let input = graph.append(.selectColumns([0]), path: "input")
        let log = graph.append(.elementwise(.log), [input], path: "log")
        let sum = graph.append(.treeEnsemble(ensemble), [log], path: "trees")
        graph.addOutput(GraphOutput(name: "prediction", value: sum, meaning: .values))
        let model = try ModelCompiler.compile(graph)
        #expect(answer(model, [[1], [-1], [0]]).faults.map(\.row) == [1, 2])
    }

    @Test(arguments: [Operator.elementwise(.exp2), .combination(Combination(count: 1)), .requireFinite])
    func runsBeforeWhateverFollows(operation: Operator) throws {
        var graph = ImportedGraph(columns: columns(2))
        let ensemble = TreeEnsemble(
            featureCount: 2, groupCount: 1, comparison: .lessOrEqual, precision: .float32FeaturesFloat64Sums)
        let input = graph.append(.selectColumns([0, 1]), path: "input")
        let sum = graph.append(.treeEnsemble(ensemble), [input], path: "trees")
        let value = graph.append(operation, [sum], path: "after")
        graph.addOutput(GraphOutput(name: "prediction", value: value, meaning: .values))
        let model = try ModelCompiler.compile(graph)
        let stages = model.predictor.report.steps.map(\.stage)
        #expect(stages.first == "select" && stages.last == "reference" && stages[1].hasPrefix("forest-"))
    }
}
