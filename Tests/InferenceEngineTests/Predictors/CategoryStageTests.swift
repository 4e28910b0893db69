import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

/// Categories of every length, among them many that begin or end alike.
@Suite struct CategoryStageTests {
    /// Equal categories, which only a made-up file has: the first counts, and their number costs nothing.
    @Test func takesTheFirstOfManyEqualCategories() throws {
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        let categories = [3.0] + [Double](repeating: 0, count: 200_000)
        let codes = categories.indices.map { Double($0) }
        let feature = OrdinalEncoder.Feature(categories: .numbers(categories), codes: codes, unknownCode: -1)
        let value = graph.append(.ordinalEncoder(OrdinalEncoder(features: [feature])), [input], path: "encode")
        graph.addOutput(GraphOutput(name: "code", value: value, meaning: .values))
        let model = try ModelCompiler.compile(graph, forcing: "encode")
        #expect(answer(model, [[0], [3], [-0.0], [7]]).doubles() == [1, 0, 1, -1])
    }

    /// Categories that were chosen to have hashes side by side are not looked up one after the other.
    @Test func leavesCollidingCategoriesToTheReference() throws {
        var numbers: [Double] = []
        var candidate = 1.0
        while numbers.count < 1100 {
            let product = (candidate.bitPattern ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(
                by: 0xd6e8_feb8_6659_fd93)
            // Of 4,096 places, one of the first 64.
            if (product.high ^ product.low) & 4095 < 64 { numbers.append(candidate) }
            candidate += 1
        }
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        let feature = OrdinalEncoder.Feature(
            categories: .numbers(numbers), codes: numbers.indices.map { Double($0) }, unknownCode: -1)
        let value = graph.append(.ordinalEncoder(OrdinalEncoder(features: [feature])), [input], path: "encode")
        graph.addOutput(GraphOutput(name: "code", value: value, meaning: .values))
        #expect(throws: ImportError.self) { try ModelCompiler.compile(graph, forcing: "encode") }
        let model = try ModelCompiler.compile(graph)
        #expect(answer(model, [[.number(numbers[1099])], [-3]]).doubles() == [1099, -1])
    }

    private static let texts: [String] = {
        var texts = [""]
        for length in 1...40 {
            texts.append(String(repeating: "a", count: length))
            texts.append(String(repeating: "a", count: length - 1) + "b")
            texts.append("b" + String(repeating: "a", count: length - 1))
            if length > 18 {
                texts.append(String(repeating: "a", count: 9) + "c" + String(repeating: "a", count: length - 10))
            }
        }
        return texts
    }()

    private static func rows(_ missingRate: Double, using generator: inout SeededGenerator) -> [[Cell]] {
        var rows: [[Cell]] = texts.map { [.text($0), .text($0)] }
        for text in texts { rows.append([.text(text + "x"), .text("x" + text)]) }
        rows.append([nil, "a"])
        rows.append(["a", nil])
        return rows.shuffled(using: &generator)
    }

    @Test(arguments: [OneHotEncoder.Unknown.refuse, .allZero, .infrequent])
    func encodesTextsOfEveryLength(_ unknown: OneHotEncoder.Unknown) throws {
        var generator = SeededGenerator(seed: 12)
        // Every other one is known, some of them twice, and in one column the missing value.
        let known = Self.texts.indices.filter { $0 % 2 == 0 }.map { Optional(Self.texts[$0]) }
        let features = [known, known.reversed() + [nil]].map { categories in
            OneHotEncoder.Feature(
                categories: .strings(categories), indicators: Array(0..<categories.count), width: categories.count,
                infrequentIndicator: 1)
        }
        var graph = ImportedGraph(columns: columns(2, .string))
        let input = graph.append(.selectColumns([0, 1]), path: "input")
        let encoder = OneHotEncoder(features: features, unknown: unknown)
        let value = graph.append(.oneHotEncoder(encoder), [input], path: "encode")
        graph.addOutput(GraphOutput(name: "indicators", value: value, meaning: .values))
        let rows = Self.rows(0, using: &generator)
        #expect(try StageComparison(graph, forcing: "encode", tolerance: 0).differenceInBatches(rows) == nil)
        #expect(try StageComparison(graph, forcing: "encode", tolerance: 0).difference(rows) == nil)
        let gemm = Gemm(weights: generator.numbers(3 * encoder.width), bias: [1, 2, 3], inputWidth: encoder.width)
        let score = graph.append(.gemm(gemm), [value], path: "linear")
        graph.addOutput(GraphOutput(name: "score", value: score, meaning: .values))
        let folded = try StageComparison(graph, forcing: "linear-folded")
        #expect(folded.differenceInBatches(rows) == nil)
        #expect(folded.difference(rows) == nil)
    }

    @Test(arguments: [ColumnKind.float64, .int64]) func encodesNumbers(_ kind: ColumnKind) throws {
        var generator = SeededGenerator(seed: 13)
        let codes = OrdinalEncoder(features: [
            .init(categories: .numbers([0, -1, 7, 0x1p53, .nan]), codes: [5, 6, 7, 8, 9], unknownCode: nil),
            .init(categories: .numbers([2, 2, 3]), codes: [1, 2, 3], unknownCode: -1),
        ])
        var graph = ImportedGraph(columns: columns(2, kind))
        let input = graph.append(.selectColumns([0, 1]), path: "input")
        let value = graph.append(.ordinalEncoder(codes), [input], path: "encode")
        graph.addOutput(GraphOutput(name: "codes", value: value, meaning: .values))
        let choices: [Cell] = [0, -1, 7, .number(0x1p53), 2, 3, 4, nil]
        let rows = (0..<65).map { _ in
            (0..<2).map { _ in choices[Int.random(in: 0..<choices.count, using: &generator)] }
        }
        #expect(try StageComparison(graph, forcing: "encode", tolerance: 0).differenceInBatches(rows) == nil)
    }
}
