import InferenceEngine
import ModelIR
import SeededRandom
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

    /// Two texts, one of them weighed and normalized, with numbers on both sides; then what `more` makes of them.
    private func wideGraph(_ more: [Operator], inputWidth: Int) -> ImportedGraph {
        var generator = SeededGenerator(seed: 9)
        let terms = TextVectorizer.Columns.vocabulary(["fish", "red", "blue", "the", "red fish"])
        let first = TextVectorizerTests.vectorizer(terms, lengths: 1...2)
        let second = TextVectorizerTests.vectorizer(.hash(count: 150, hasSign: true))
        var graph = ImportedGraph(columns: columns(2) + columns(2, .string) + columns(1))
        let before = graph.append(.selectColumns([0, 1]), path: "before")
        let offsets = Scaler(form: .subtractDivide, offset: [1, 2], scale: [3, 0.5])
        let scaled = graph.append(.scaler(offsets), [before], path: "before")
        var weighed = graph.append(.textVectorizer(first), [graph.append(.selectColumns([2]), path: "a")], path: "a")
        for operation in weighing(first.width) { weighed = graph.append(operation, [weighed], path: "a") }
        let hashed = graph.append(.textVectorizer(second), [graph.append(.selectColumns([3]), path: "b")], path: "b")
        let behind = graph.append(.selectColumns([4]), path: "behind")
        let texts = graph.append(.concat, [weighed, hashed], path: "texts")
        var value = graph.append(.concat, [scaled, texts, behind], path: "all")
        for operation in more { value = graph.append(operation, [value], path: "more") }
        let model = Gemm(
            weights: (0..<inputWidth * 3).map { _ in Double.random(in: -1...1, using: &generator) },
            bias: [0.5, 0, -0.25], inputWidth: inputWidth)
        let scores = graph.append(.gemm(model), [value], path: "model")
        graph.addOutput(GraphOutput(name: "scores", value: scores, meaning: .values, isVector: true))
        return graph
    }

    @Test func takesSeveralTextsWithNumbersBesideThem() throws {
        let width = 2 + 5 + 150 + 1
        let factors = Operator.scaler(
            Scaler(
                form: .multiplyAdd, offset: [Double](repeating: 0, count: width),
                scale: (0..<width).map { 2 - Double($0) / 90 }))
        let some = (0..<width).filter { $0 % 3 != 1 }
        let rows: [[Cell]] = zip(Self.texts, Self.texts.reversed()).enumerated().map { index, texts in
            [.number(Double(index)), 2, texts.0[0], texts.1[0], .number(index == 4 ? 0 : -1.5)]
        }
        let divisors = Operator.scaler(
            Scaler(
                form: .subtractDivide, offset: [Double](repeating: 0, count: width),
                scale: (0..<width).map { 1 + Double($0) / 70 }))
        for (more, inputWidth) in [
            ([], width), ([factors, divisors], width), ([factors, .rowNormalizer(RowNormalizer(norm: .max))], width),
            ([factors, .refuseMissing, .gatherColumns(some)], some.count),
        ] {
            let graph = wideGraph(more, inputWidth: inputWidth)
            let fast = try ModelCompiler.compile(graph)
            #expect(fast.predictor.report.steps.last?.stage == "text-linear")
            let operations = fast.predictor.report.steps.map(\.operation)
            #expect(!operations.contains("TextVectorizer"))
            let reference = try ModelCompiler.compile(graph, forcing: "reference")
            #expect(answer(fast, rows) == answer(reference, rows))
            for row in rows { #expect(answer(fast, [row]) == answer(reference, [row])) }
        }
    }

    @Test func leavesOutWhatIsNotSelectedThoughItIsInfinite() throws {
        let graph = wideGraph([.gatherColumns(Array(1..<158))], inputWidth: 157)
        let fast = try ModelCompiler.compile(graph)
        #expect(fast.predictor.report.steps.last?.stage == "text-linear")
        let row: [Cell] = [.number(.infinity), 2, "red", "fish", 1]
        let found = answer(fast, [row])
        let reference = try ModelCompiler.compile(graph, forcing: "reference")
        #expect(found == answer(reference, [row]))
        let numbers = found.doubles()
        #expect(numbers.filter(\.isFinite).count == 3)
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
            [.scaler(Scaler(form: .subtractDivide, offset: [0], scale: [0]))],
            [.scaler(Scaler(form: .subtractDivide, offset: [1], scale: [2]))],
            [.scaler(Scaler(form: .multiplyAdd, offset: [0], scale: [.infinity]))], [.elementwise(.exp)],
        ]
        for operations in moved {
            let graph = graph(vectorizer, operations, outputs: 2)
            #expect(!(try ModelCompiler.compile(graph).predictor.report.steps.contains { $0.stage == "text-linear" }))
        }
    }
}
