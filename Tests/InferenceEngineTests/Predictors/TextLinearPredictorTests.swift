import InferenceEngine
import ModelIR
import TensorCore
import Testing

/// The predictor that leaves out what does not occur, beside the reference.
@Suite struct TextLinearPredictorTests {
    private static let texts: [[Cell]] = [
        ["the red fish"], [""], [nil], ["red RED red blue"], ["nothing known here"], ["ΟΔΟΣ fish, fish; Fish"],
    ]

    private func graph(
        _ vectorizer: TextVectorizer, _ weighing: [Operator], outputs: Int, seed: UInt64 = 4
    ) -> ImportedGraph {
        var generator = SeededGenerator(seed: seed)
        let width = vectorizer.width
        var graph = ImportedGraph(columns: columns(1, .string))
        var value = graph.append(.selectColumns([0]), path: "input")
        value = graph.append(.textVectorizer(vectorizer), [value], path: "text")
        for operation in weighing { value = graph.append(operation, [value], path: "weights") }
        let weights = (0..<width * outputs).map { _ in Double.random(in: -1...1, using: &generator) }
        let model = Gemm(
            weights: weights, bias: (0..<outputs).map { Double($0) / 8 }, inputWidth: width)
        let scores = graph.append(.gemm(model), [value], path: "model")
        let label = graph.append(.argMax, [scores], path: "model")
        let probabilities = graph.append(.activation(.softmax), [scores], path: "model")
        let labels = ClassLabels.integers((0..<outputs).map { Int64($0) })
        graph.addOutput(GraphOutput(name: "prediction", value: label, meaning: .label(labels)))
        graph.addOutput(
            GraphOutput(name: "probabilities", value: probabilities, meaning: .probabilities(labels), isVector: true))
        graph.addOutput(GraphOutput(name: "scores", value: scores, meaning: .values))
        return graph
    }

    private func weighing(_ width: Int) -> [Operator] {
        let factors = (0..<width).map { 1 + Double($0) / 7 }
        return [
            .elementwise(.sublinearCount),
            .scaler(Scaler(form: .multiplyAdd, offset: [Double](repeating: 0, count: width), scale: factors)),
            .rowNormalizer(RowNormalizer(norm: .l2)),
        ]
    }

    @Test(arguments: [false, true])
    func equalsTheReferenceBitForBit(isHashed: Bool) throws {
        let terms = TextVectorizer.Columns.vocabulary(["fish", "red", "blue", "οδος", "the", "red fish"])
        let vectorizer = TextVectorizerTests.vectorizer(
            isHashed ? .hash(count: 200, hasSign: true) : terms, lengths: 1...2)
        for operations in [weighing(vectorizer.width), []] {
            let graph = graph(vectorizer, operations, outputs: 3)
            let fast = try ModelCompiler.compile(graph)
            #expect(fast.predictor.report.name == "text-linear")
            let reference = try ModelCompiler.compile(graph, forcing: "reference")
            #expect(answer(fast, Self.texts).faults == [RowFault(row: 2, column: 0, reason: .missingValue)])
            #expect(areAlike(fast, reference, Self.texts))
            // What one row leaves behind does not reach the next.
            for row in Self.texts { #expect(areAlike(fast, reference, [row])) }
        }
    }

    /// Scores and labels bit for bit; the probabilities' exponential is another than the reference's.
    private func areAlike(_ fast: CompiledModel, _ reference: CompiledModel, _ rows: [[Cell]]) -> Bool {
        let found = answer(fast, rows)
        let expected = answer(reference, rows)
        let areClose = zip(found.doubles(field: 1), expected.doubles(field: 1)).allSatisfy {
            $0.isNaN && $1.isNaN || abs($0 - $1) < 1e-14
        }
        return found.doubles[2] == expected.doubles[2] && found.labels == expected.labels && areClose
            && found.faults == expected.faults
    }

    @Test func doesNotTakeASpaceForEachColumnOfARow() throws {
        let vectorizer = TextVectorizerTests.vectorizer(.hash(count: 1 << 18, hasSign: true))
        let model = try ModelCompiler.compile(graph(vectorizer, [], outputs: 2))
        #expect(model.predictor.report.name == "text-linear")
        let reused = model.predictor.makeWorkspace()
        var output = OutputBatch(fields: model.signature.outputs)
        let batch = makeBatch(model.layout, Self.texts)
        model.predictor.predict(batch, into: &output, using: reused)
        let first = Answer(output)
        model.predictor.predict(batch, into: &output, using: reused)
        #expect(Answer(output) == first)
    }

    @Test func declinesWhatMovesTheTermsThatDoNotOccur() throws {
        let vectorizer = TextVectorizerTests.vectorizer(.vocabulary(["red"]))
        let moved: [[Operator]] = [
            [.scaler(Scaler(form: .multiplyAdd, offset: [1], scale: [2]))],
            [.scaler(Scaler(form: .subtractDivide, offset: [0], scale: [2]))],
            [.scaler(Scaler(form: .multiplyAdd, offset: [0], scale: [.infinity]))], [.elementwise(.exp)],
        ]
        for operations in moved {
            let graph = graph(vectorizer, operations, outputs: 2)
            #expect(!(try ModelCompiler.compile(graph).predictor.report.steps.contains { $0.stage == "text-linear" }))
        }
    }
}
