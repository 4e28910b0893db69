import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

@Suite struct TiledPredictorTests {
    /// Numbers imputed and scaled, texts and codes encoded, a forest over them, and a function without a stage of its
    /// own behind it. No stage of these may change a bit.
    private func mixedGraph(_ shape: PipelineShape, using generator: inout SeededGenerator) -> ImportedGraph {
        var (graph, value, width) = makeFeatures(shape, using: &generator)
        if !shape.isImputed {
            value = graph.append(
                .imputer(Imputer(replacements: [Double](repeating: 0, count: width), missingValue: .nan)), [value],
                path: "impute all")
        }
        let forest = EnsembleShape(trees: 13, features: width, precision: .float32FeaturesFloat64Sums)
        let score = graph.append(.treeEnsemble(makeEnsemble(forest, using: &generator)), [value], path: "trees")
        let size = graph.append(.elementwise(.absolute), [score], path: "size")
        graph.addOutput(GraphOutput(name: "score", value: size, meaning: .values))
        return graph
    }

    @Test(arguments: LinearPredictorTests.shapes) func equalsTheReferenceBitForBit(_ shape: PipelineShape) throws {
        for rowCount in [0, 1, 2, 63, 64, 65, 130] {
            let seed = UInt64.random(in: 0..<1_000_000)
            var generator = SeededGenerator(seed: seed)
            let graph = mixedGraph(shape, using: &generator)
            let model = try ModelCompiler.compile(graph)
            let rows = makePipelineRows(rowCount, shape, missingRate: 0.1, using: &generator)
            let expected = answer(try ModelCompiler.compile(graph, forcing: "reference"), rows)
            #expect(answer(model, rows) == expected, "seed \(seed), \(rowCount) rows")
        }
    }

    /// Stages use the same scratch, and leave it as they like.
    @Test func forestsShareTheirScratch() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        var graph = ImportedGraph(columns: columns(9))
        let input = graph.append(.selectColumns(Array(0..<9)), path: "input")
        let shapes = [
            EnsembleShape(trees: 9, features: 9), EnsembleShape(trees: 5, features: 9, hasVectorLeaves: true),
            EnsembleShape(trees: 12, features: 9, precision: .float64),
            EnsembleShape(trees: 7, features: 9, precision: .float64, hasVectorLeaves: true),
        ]
        for (index, shape) in (shapes + shapes).enumerated() {
            let ensemble = makeEnsemble(shape, using: &generator)
            let score = graph.append(.treeEnsemble(ensemble), [input], path: "trees \(index)")
            graph.addOutput(GraphOutput(name: "score \(index)", value: score, meaning: .values))
        }
        let model = try ModelCompiler.compile(graph)
        let rows = makeRows(130, columns: 9, missingRate: 0.1, using: &generator)
        let expected = answer(try ModelCompiler.compile(graph, forcing: "reference"), rows)
        #expect(answer(model, rows) == expected, "seed \(seed)")
    }

    /// The comparison bites: an encoder, an imputer or a scaler that is slightly another gives another answer.
    @Test func differsWhereAStepIsSlightlyAnother() throws {
        var generator = SeededGenerator(seed: 5)
        let shape = PipelineShape(unknown: .refuse)
        let graph = mixedGraph(shape, using: &generator)
        let rows = makePipelineRows(200, shape, missingRate: 0.1, using: &generator)
        let right = answer(try ModelCompiler.compile(graph, forcing: "reference"), rows)
        // A second imputer of the same numbers has nothing left to do.
        var seen: Set<String> = []
        for index in graph.nodes.indices where seen.insert(graph.nodes[index].operation.name).inserted {
            let wrong: Operator
            switch graph.nodes[index].operation {
            case .scaler(let scaler):
                wrong = .scaler(
                    Scaler(form: scaler.form, offset: scaler.offset, scale: scaler.scale.map { -$0 }, clip: scaler.clip)
                )
            case .imputer(let imputer):
                wrong = .imputer(
                    Imputer(replacements: imputer.replacements.map { $0 + 3 }, missingValue: imputer.missingValue))
            case .oneHotEncoder(let encoder):
                wrong = .oneHotEncoder(OneHotEncoder(features: encoder.features, unknown: .allZero))
            default: continue
            }
            var changed = ImportedGraph(columns: graph.columns)
            for (place, node) in graph.nodes.enumerated() {
                _ = changed.append(place == index ? wrong : node.operation, node.inputs, path: node.path)
            }
            for output in graph.outputs { changed.addOutput(output) }
            #expect(answer(try ModelCompiler.compile(changed), rows) != right, "\(graph.nodes[index].path)")
        }
    }

    @Test func tellsWhatRunsEachStep() throws {
        var generator = SeededGenerator(seed: 6)
        let report = try ModelCompiler.compile(mixedGraph(PipelineShape(), using: &generator)).predictor.report
        let stages = report.steps.map(\.stage)
        #expect(Set(stages).isSuperset(of: ["select", "scale", "encode", "move", "reference"]))
        #expect(!stages.contains("string-imputer"))
        #expect(report.steps.last?.operation == "Elementwise")
        #expect(report.nanosecondsPerRow > report.steps.reduce(0) { $0 + $1.nanosecondsPerRow })
    }

    /// A sum of logarithms: each of the numbers that the forest would fold away has to be looked at, row by row.
    @Test func checksWhatAnEarlierStageComputed() throws {
        var graph = ImportedGraph(columns: columns(2))
        let input = graph.append(.selectColumns([0, 1]), path: "input")
        let log = graph.append(.elementwise(.log), [input], path: "log")
        let score = graph.append(.gemm(Gemm(weights: [1, 1], bias: [0], inputWidth: 2)), [log], path: "linear")
        graph.addOutput(GraphOutput(name: "score", value: score, meaning: .values))
        let rows: [[Cell]] = [[1, 1], [-1, 1], [1, 0], [nil, 1], [2, 3]]
        let found = answer(try ModelCompiler.compile(graph), rows)
        #expect(found == answer(try ModelCompiler.compile(graph, forcing: "reference"), rows))
        #expect(found.faults.map(\.row) == [1, 2, 3])
    }

    /// A value that two others need is computed once, and one that a folded model covers is still there for others.
    @Test func sharesValues() throws {
        var graph = ImportedGraph(columns: columns(2))
        let input = graph.append(.selectColumns([0, 1]), path: "input")
        let scaler = Scaler(form: .subtractDivide, offset: [1, 2], scale: [3, 4])
        let scaled = graph.append(.scaler(scaler), [input], path: "scale")
        let score = graph.append(.gemm(Gemm(weights: [2, 3], bias: [1], inputWidth: 2)), [scaled], path: "linear")
        graph.addOutput(GraphOutput(name: "score", value: score, meaning: .values))
        graph.addOutput(GraphOutput(name: "scaled", value: scaled, meaning: .values, isVector: true))
        let found = answer(try ModelCompiler.compile(graph), [[4, 10], [1, -2]])
        #expect(found.doubles(field: 0) == [9, -2])
        #expect(found.doubles(field: 1) == [1, 2, 0, -1])
    }
}
