import InferenceEngine
import ModelIR
import TensorCore
import Testing

/// Outputs of classifiers of several targets.
@Suite struct TargetOutputTests {
    private static let targets = [ClassLabels.strings(["a", "b"]), .integers([1, 2, 3])]

    /// The greatest of the first two columns, and of the three after them.
    private static func graph(
        labels: [ClassLabels] = targets, probabilities: [ClassLabels] = targets
    ) -> ImportedGraph {
        var graph = ImportedGraph(columns: columns(5))
        let input = graph.append(.selectColumns([0, 1, 2, 3, 4]), path: "input")
        let first = graph.append(.gatherColumns([0, 1]), [input], path: "first")
        let second = graph.append(.gatherColumns([2, 3, 4]), [input], path: "second")
        let one = graph.append(.argMax, [first], path: "first")
        let two = graph.append(.argMax, [second], path: "second")
        let both = graph.append(.concat, [one, two], path: "both")
        graph.addOutput(
            GraphOutput(name: "prediction", value: both, meaning: .labels(labels), isVector: true))
        graph.addOutput(
            GraphOutput(
                name: "probabilities", value: input, meaning: .targetProbabilities(probabilities), isVector: true))
        return graph
    }

    private static let rows: [[Cell]] = [[0.25, 0.75, 0.5, 0.125, 0.375], [1, 0, 0, 0, 1], [nil, 0, 1, 0, 0]]

    @Test func answersALabelATarget() throws {
        for predictor in [nil, "reference"] {
            let model = try ModelCompiler.compile(Self.graph(), forcing: predictor)
            #expect(model.signature.outputs.map(\.width) == [2, 5])
            let found = answer(model, Array(Self.rows.prefix(2)))
            #expect(found.labels[0] == [1, 0, 0, 2])
            #expect(found.doubles(field: 1) == [0.25, 0.75, 0.5, 0.125, 0.375, 1, 0, 0, 0, 1])
        }
    }

    @Test func refusesLabelsThatDoNotFit() {
        let three = ClassLabels.integers([1, 2, 3])
        for labels in [[], [Self.targets[0]], [three, Self.targets[0]], Self.targets + [three]] {
            #expect(throws: ImportError.self) { try compile(Self.graph(labels: labels)) }
        }
        for labels in [[], [three], Self.targets + [three]] {
            #expect(throws: ImportError.self) { try compile(Self.graph(probabilities: labels)) }
        }
    }

    @Test func refusesNumbersBesideClasses() {
        var graph = ImportedGraph(columns: columns(2))
        let input = graph.append(.selectColumns([0, 1]), path: "input")
        let best = graph.append(.argMax, [input], path: "best")
        let both = graph.append(.concat, [best, input], path: "both")
        graph.addOutput(GraphOutput(name: "prediction", value: both, meaning: .values))
        #expect(throws: ImportError.self) { try compile(graph) }
    }

    @Test func checksGoldenRowsOfEachTarget() throws {
        let model = try compile(Self.graph())
        func check(_ expected: [String: GoldenRow.Expectation]) throws(ImportError) -> GoldenCheck.Report {
            var metadata = ModelMetadata()
            metadata.goldenRows = [
                GoldenRow(cells: [0.25, 0.75, 0.5, 0.125, 0.375].map { .number($0) }, expected: expected)
            ]
            return try GoldenCheck.run(metadata, on: model)
        }
        func probabilities(_ value: Double, _ label: String = "1") -> [String: GoldenRow.Expectation] {
            [
                "probabilities": .targets([
                    .probabilities([.init(label: "b", probability: 0.75)]),
                    .probabilities([.init(label: label, probability: value)]),
                ])
            ]
        }
        #expect(try check(["prediction": .targets([.label("b"), .numbers([1])])]).rowCount == 1)
        #expect(try check(probabilities(0.5)).worstError == 0)
        let wrong: [[String: GoldenRow.Expectation]] = [
            ["prediction": .targets([.label("b"), .numbers([2])])], ["prediction": .targets([.label("b")])],
            ["prediction": .label("b")], ["prediction": .numbers([1, 1])], probabilities(0.25), probabilities(0.5, "9"),
            ["probabilities": .numbers([0.25, 0.75, 0.5, 0.125, 0.375])],
            ["probabilities": .targets([.label("b"), .label("1")])],
        ]
        for expected in wrong { #expect(throws: ImportError.self) { try check(expected) } }
    }

    @Test func widensFloat32() throws {
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        var stump = TreeEnsemble(
            featureCount: 1, groupCount: 1, comparison: .less, precision: .float32)
        stump.roots = [0]
        stump.treeGroups = [0]
        stump.leftChildren = [-1]
        stump.rightChildren = [-1]
        stump.features = [-1]
        stump.thresholds = [0]
        stump.leafValues = [Double(Float(0.1))]
        stump.missingGoesLeft = [false]
        let score = graph.append(.treeEnsemble(stump), [input], path: "tree")
        let wide = graph.append(.widen, [score], path: "wide")
        graph.addOutput(GraphOutput(name: "prediction", value: wide, meaning: .values))
        #expect(try answer(compile(graph), [[1]]).doubles() == [Double(Float(0.1))])
        var other = ImportedGraph(columns: columns(1))
        let number = other.append(.selectColumns([0]), path: "input")
        other.addOutput(
            GraphOutput(
                name: "prediction", value: other.append(.widen, [number], path: "wide"), meaning: .values))
        #expect(throws: ImportError.self) { try compile(other) }
    }
}
