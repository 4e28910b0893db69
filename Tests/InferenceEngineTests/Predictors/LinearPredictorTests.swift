import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

@Suite struct LinearPredictorTests {
    static let shapes: [PipelineShape] = [
        PipelineShape(),
        PipelineShape(isImputed: false),
        PipelineShape(numbers: 28, texts: 0, encodedNumbers: 0),
        PipelineShape(numbers: 1, texts: 0, encodedNumbers: 0, isImputed: false),
        PipelineShape(numbers: 0, texts: 1, encodedNumbers: 0),
        PipelineShape(numbers: 0, texts: 0, encodedNumbers: 3, categories: 2),
        PipelineShape(outputs: 3),
        PipelineShape(outputs: 5, unknown: .refuse, isImputed: false),
        PipelineShape(unknown: .refuse),
        PipelineShape(unknown: .infrequent),
        PipelineShape(clips: true),
        PipelineShape(clips: true, scalesAgain: true),
        PipelineShape(numbers: 17, texts: 8, encodedNumbers: 4, outputs: 2, scalesAgain: true, categories: 60),
    ]

    @Test(arguments: shapes) func equalsTheReferenceWithinRounding(_ shape: PipelineShape) throws {
        for _ in 0..<8 {
            let seed = UInt64.random(in: 0..<1_000_000)
            var generator = SeededGenerator(seed: seed)
            let graph = makePipeline(shape, using: &generator)
            let reference = try ModelCompiler.compile(graph, forcing: "reference")
            let fast = try ModelCompiler.compile(graph, forcing: "linear-folded")
            for missingRate in [0, 0.15] {
                let rows = makePipelineRows(41, shape, missingRate: missingRate, using: &generator)
                let expected = answer(reference, rows)
                let found = answer(fast, rows)
                #expect(found.faults == expected.faults, "seed \(seed)")
                for field in expected.doubles.indices {
                    for (left, right) in zip(found.doubles(field: field), expected.doubles(field: field)) {
                        #expect(isClose(left, right), "seed \(seed): \(left) and \(right)")
                    }
                }
            }
        }
    }

    @Test(arguments: shapes) func givesARowTheSameAnswerInEveryBatch(_ shape: PipelineShape) throws {
        var generator = SeededGenerator(seed: 11)
        let model = try ModelCompiler.compile(makePipeline(shape, using: &generator), forcing: "linear-folded")
        let rows = makePipelineRows(35, shape, missingRate: 0.1, using: &generator)
        let together = answer(model, rows)
        for (index, row) in rows.enumerated() {
            let alone = answer(model, [row])
            for (field, output) in model.signature.outputs.enumerated() {
                let range = index * output.width..<(index + 1) * output.width
                #expect(alone.doubles[field] == Array(together.doubles[field][range]))
            }
        }
    }

    /// A column such as a time in seconds: the mean is a billion times the spread. `w * x - w * mean` would lose nine
    /// digits.
    @Test func keepsItsDigitsWhereTheMeanIsLarge() throws {
        var graph = ImportedGraph(columns: columns(3))
        let input = graph.append(.selectColumns([0, 1, 2]), path: "input")
        let scaler = Scaler(form: .subtractDivide, offset: [1.7e12, -1.7e12, 1e15], scale: [3, 7, 0.25])
        let scaled = graph.append(.scaler(scaler), [input], path: "scale")
        let gemm = Gemm(weights: [0.3, 1.1, -0.7], bias: [0.01], inputWidth: 3)
        let score = graph.append(.gemm(gemm), [scaled], path: "linear")
        graph.addOutput(GraphOutput(name: "score", value: score, meaning: .values))
        let rows: [[Cell]] = [
            [.number(1.7e12 + 1), .number(-1.7e12 - 2), .number(1e15 + 0.125)],
            [.number(1.7e12 - 5), .number(-1.7e12 + 0.5), .number(1e15 - 0.5)],
        ]
        let expected = answer(try ModelCompiler.compile(graph, forcing: "reference"), rows).doubles()
        let found = answer(try ModelCompiler.compile(graph, forcing: "linear-folded"), rows).doubles()
        for (left, right) in zip(found, expected) { #expect(isClose(left, right)) }
    }

    @Test func tellsWhyItCannotFold() throws {
        var graph = ImportedGraph(columns: columns(2))
        let input = graph.append(.selectColumns([0, 1]), path: "input")
        let imputed = graph.append(.imputer(Imputer(replacements: [1, 2], missingValue: -1)), [input], path: "impute")
        let score = graph.append(.gemm(Gemm(weights: [1, 2], bias: [0], inputWidth: 2)), [imputed], path: "linear")
        graph.addOutput(GraphOutput(name: "score", value: score, meaning: .values))
        let model = try ModelCompiler.compile(graph)
        let others = try #require(model.predictor.report.steps.last).others
        #expect(others.contains { $0.name == "linear-folded" && $0.reason.contains("takes -1.0 for missing") })
        #expect(answer(model, [[-1, 5]]).doubles() == [11])
    }

    /// Bit patterns aside, a NaN where the other is one, else within 1e-10 of the larger of both and 1.
    private func isClose(_ left: Double, _ right: Double) -> Bool {
        if left.isNaN || right.isNaN { return left.isNaN && right.isNaN }
        return abs(left - right) <= 1e-11 * max(1, abs(left), abs(right))
    }
}
