import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

@Suite struct TypedGraphTests {
    // MARK: Refusals

    @Test func refusesAGraphWithoutOutputs() {
        let graph = ImportedGraph(columns: columns(1))
        #expect(throws: ImportError.self) { try TypedGraph(graph) }
    }

    /// Operators that do not fit two float64 columns, each with what the message must name.
    @Test(arguments: [
        (Operator.gemm(Gemm(weights: [1], bias: [0], inputWidth: 1)), "width 2"),
        (.gemm(Gemm(weights: [1, 2, 3], bias: [0], inputWidth: 2)), "3 weights"),
        (.gemm(Gemm(weights: [], bias: [], inputWidth: 2)), "0 weights"),
        (.gemm(Gemm(weights: [], bias: [0, 0], inputWidth: .max)), "0 weights"),
        (.gemm(Gemm(weights: [], bias: [0], inputWidth: -1)), "0 weights"),
        (.imputer(Imputer(replacements: [1], missingValue: .nan)), "width 2"),
        (.stringImputer(StringImputer(replacements: ["", ""])), "float64"),
        (.scaler(Scaler(form: .subtractDivide, offset: [1, 2], scale: [1])), "2 offsets and 1 scales"),
        (.scaler(Scaler(form: .subtractDivide, offset: [1], scale: [1])), "width 2"),
        (.gatherColumns([0, 2]), "column 2"),
        (.gatherColumns([-1]), "column -1"),
        (.binaryProbabilities, "width 2"),
        (.greater(threshold: 0), "width 2"),
        (.selectColumns([0]), "1 inputs"),
        (.oneHotEncoder(OneHotEncoder(features: [], unknown: .refuse)), "width 2"),
        (
            .treeEnsemble(TreeEnsemble(featureCount: 3, groupCount: 1, comparison: .less, precision: .float32)),
            "width 2"
        ),
        (.treeEnsemble(TreeEnsemble(featureCount: 2, groupCount: 0, comparison: .less, precision: .float32)), "0 base"),
        (.treeEnsemble(TreeEnsembleTests.cyclic), "second parent"),
    ])
    func refusesWhatDoesNotFit(_ operation: Operator, _ found: String) {
        let error = #expect(throws: ImportError.self) { try evaluate(operation, columns: columns(2), []) }
        #expect(error?.found.contains(found) == true, "\(String(describing: error))")
        #expect(error?.place.contains("step") == true)
    }

    @Test(arguments: [
        OneHotEncoder.Feature(categories: .numbers([1, 2]), indicators: [0], width: 2, infrequentIndicator: nil),
        .init(categories: .numbers([1, 2]), indicators: [0, 2], width: 2, infrequentIndicator: nil),
        .init(categories: .numbers([1, 2]), indicators: [0, -2], width: 2, infrequentIndicator: nil),
        .init(categories: .numbers([1, 2]), indicators: [0, 1], width: 2, infrequentIndicator: 2),
        .init(categories: .numbers([1]), indicators: [0], width: .max, infrequentIndicator: nil),
        .init(categories: .numbers([1]), indicators: [-1], width: -1, infrequentIndicator: nil),
        .init(categories: .strings(["a"]), indicators: [0], width: 1, infrequentIndicator: nil),
    ])
    func refusesAnEncoderThatContradictsItself(_ feature: OneHotEncoder.Feature) {
        let encoder = OneHotEncoder(features: [feature], unknown: .allZero)
        #expect(throws: ImportError.self) { try evaluate(.oneHotEncoder(encoder), columns: columns(1), []) }
    }

    @Test func refusesColumnsThatAreNotThereOrOfTwoKinds() {
        for selected in [[3], [-1], [], [0, 1]] {
            var graph = ImportedGraph(columns: [Column(name: "a", kind: .float64), Column(name: "b", kind: .string)])
            let input = graph.append(.selectColumns(selected), path: "input")
            graph.addOutput(GraphOutput(name: "prediction", value: input, meaning: .values))
            #expect(throws: ImportError.self) { try TypedGraph(graph) }
        }
    }

    @Test func refusesAnOutputThatIsNotWhatItIsCalled() {
        func graph(_ meaning: GraphOutput.Meaning, isLabel: Bool) -> ImportedGraph {
            var graph = ImportedGraph(columns: columns(3))
            var value = graph.append(.selectColumns([0, 1, 2]), path: "input")
            if isLabel { value = graph.append(.argMax, [value], path: "label") }
            graph.addOutput(GraphOutput(name: "p", value: value, meaning: meaning))
            return graph
        }
        #expect(throws: ImportError.self) { try TypedGraph(graph(.values, isLabel: true)) }
        #expect(throws: ImportError.self) { try TypedGraph(graph(.label(.integers([0, 1, 2])), isLabel: false)) }
        #expect(throws: ImportError.self) { try TypedGraph(graph(.label(.integers([0, 1])), isLabel: true)) }
        #expect(throws: ImportError.self) { try TypedGraph(graph(.probabilities(.integers([0, 1])), isLabel: false)) }
        #expect(throws: Never.self) { try TypedGraph(graph(.label(.integers([0, 1, 2])), isLabel: true)) }
    }

    @Test func refusesMoreColumnsThanTheBound() throws {
        var graph = ImportedGraph(columns: columns(1))
        var value = graph.append(.selectColumns([Int](repeating: 0, count: 1 << 12)), path: "input")
        for _ in 0..<10 { value = graph.append(.concat, [value, value], path: "twice") }
        graph.addOutput(GraphOutput(name: "p", value: value, meaning: .values))
        #expect(throws: Never.self) { try TypedGraph(graph) }
        var wider = graph
        value = wider.append(.concat, [value, value], path: "too wide")
        wider.addOutput(GraphOutput(name: "q", value: value, meaning: .values))
        #expect(throws: ImportError.self) { try TypedGraph(wider) }
    }

    // MARK: What the signature tells

    @Test func followsMissingValuesThroughTheGraph() throws {
        let names = ["imputed", "scaled", "encoded", "encoded with none", "unused", "tree"]
        var graph = ImportedGraph(columns: names.map { Column(name: $0, kind: .float64) })
        func select(_ column: Int) -> ValueID { graph.append(.selectColumns([column]), path: "select") }
        let imputed = graph.append(.imputer(Imputer(replacements: [0], missingValue: .nan)), [select(0)], path: "i")
        let scaled = graph.append(
            .scaler(Scaler(form: .subtractDivide, offset: [0], scale: [1])), [select(1)], path: "s")
        func encode(_ values: [Double], _ column: Int) -> ValueID {
            let feature = OneHotEncoder.Feature(
                categories: .numbers(values), indicators: [0], width: 1, infrequentIndicator: nil)
            return graph.append(
                .oneHotEncoder(OneHotEncoder(features: [feature], unknown: .refuse)), [select(column)], path: "e")
        }
        let all = graph.append(.concat, [imputed, scaled, encode([1], 2), encode([.nan], 3)], path: "all")
        let linear = graph.append(
            .gemm(Gemm(weights: [1, 0, 1, 1], bias: [0], inputWidth: 4)), [all], path: "linear")
        graph.addOutput(GraphOutput(name: "prediction", value: linear, meaning: .values))
        let trees = TreeEnsemble(featureCount: 1, groupCount: 1, comparison: .less, precision: .float64)
        graph.addOutput(
            GraphOutput(
                name: "trees", value: graph.append(.treeEnsemble(trees), [select(5)], path: "t"), meaning: .values))
        // A node that no output needs refuses nothing.
        _ = graph.append(.gemm(Gemm(weights: [1], bias: [0], inputWidth: 1)), [select(4)], path: "dead")
        let typed = try TypedGraph(graph)
        #expect(typed.signature.inputs.map(\.acceptsMissing) == [true, false, false, true, true, true])
    }

    @Test func describesOutputs() throws {
        var generator = SeededGenerator(seed: 1)
        let ensemble = makeEnsemble(EnsembleShape(trees: 3, groups: 3), using: &generator)
        let outputs = try TypedGraph(makeForest(ensemble)).signature.outputs
        #expect(outputs.map(\.name) == ["score", "label", "probabilities"])
        #expect(outputs.map(\.width) == [3, 1, 3])
        let labels = ClassLabels.integers([0, 1, 2])
        #expect(outputs.map(\.kind) == [.values(.float32), .label(labels), .probabilities(labels, .float32)])
    }
}
