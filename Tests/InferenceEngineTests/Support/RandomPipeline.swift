import ModelIR
import SeededRandom
import TensorCore
import Testing

/// A random ColumnTransformer pipeline: imputed and scaled numbers, encoded strings and numbers, and a linear model.
struct PipelineShape: CustomTestStringConvertible, Sendable {
    var numbers = 6
    var texts = 3
    var encodedNumbers = 1
    var outputs = 1
    var unknown = OneHotEncoder.Unknown.allZero
    var isImputed = true
    var clips = false
    /// Another scaler behind everything, as in a pipeline of pipelines.
    var scalesAgain = false
    var categories = 7

    var testDescription: String {
        "\(numbers) numbers, \(texts) texts, \(encodedNumbers) encoded numbers, \(outputs) outputs, \(unknown), "
            + "imputed \(isImputed), clips \(clips), scales again \(scalesAgain), \(categories) categories"
    }
}

enum TestTexts {
    /// Category `index`: of many lengths, some canonically equivalent to another though not equal in bytes.
    static func text(_ index: Int) -> String {
        switch index % 6 {
        case 0: index == 0 ? "" : "c\(index)"
        case 1: "caf\u{e9}\(index / 6)"
        case 2: "cafe\u{301}\(index / 6)"
        case 3: String(repeating: "long category ", count: index % 4 + 1) + "\(index)"
        case 4: "12345678"[..<"12345678".index("12345678".startIndex, offsetBy: index % 8)] + "\(index)"
        default: "日本\(index)"
        }
    }
}

/// The columns that such a pipeline makes of a record, side by side.
func makeFeatures(
    _ shape: PipelineShape, using generator: inout SeededGenerator
) -> (graph: ImportedGraph, value: ValueID, width: Int) {
    func numbers(_ count: Int, _ range: ClosedRange<Double>, using generator: inout SeededGenerator) -> [Double] {
        (0..<count).map { _ in Double.random(in: range, using: &generator) }
    }
    func indicators(using generator: inout SeededGenerator) -> ([Int], Int, Int?) {
        // Sometimes a category is dropped, or some share the last indicator as infrequent ones do.
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: return (Array(0..<shape.categories), shape.categories, nil)
        case 1: return ((0..<shape.categories).map { $0 - 1 }, shape.categories - 1, nil)
        default:
            let width = max(1, shape.categories / 2)
            return ((0..<shape.categories).map { min($0, width - 1) }, width, width - 1)
        }
    }
    var columns: [Column] = []
    for index in 0..<shape.numbers {
        columns.append(Column(name: "n\(index)", kind: index % 3 == 2 ? .int64 : .float64))
    }
    for index in 0..<shape.encodedNumbers {
        columns.append(Column(name: "e\(index)", kind: index % 2 == 0 ? .float64 : .int64))
    }
    for index in 0..<shape.texts { columns.append(Column(name: "t\(index)", kind: .string)) }
    var graph = ImportedGraph(columns: columns)
    var parts: [ValueID] = []
    var width = 0
    if shape.numbers > 0 {
        var value = graph.append(.selectColumns(Array((0..<shape.numbers).reversed())), path: "numbers")
        let imputer = Imputer(replacements: numbers(shape.numbers, -5...5, using: &generator), missingValue: .nan)
        if shape.isImputed, Bool.random(using: &generator) || shape.clips {
            value = graph.append(.imputer(imputer), [value], path: "impute")
        }
        let form: Scaler.Form = Bool.random(using: &generator) ? .subtractDivide : .multiplyAdd
        let scaler = Scaler(
            form: form, offset: numbers(shape.numbers, -3...3, using: &generator),
            scale: numbers(shape.numbers, 0.2...4, using: &generator), clip: shape.clips ? -1...1 : nil)
        value = graph.append(.scaler(scaler), [value], path: "scale")
        if shape.isImputed { value = graph.append(.imputer(imputer), [value], path: "impute again") }
        parts.append(value)
        width += shape.numbers
    }
    if shape.encodedNumbers > 0 {
        var features: [OneHotEncoder.Feature] = []
        for index in 0..<shape.encodedNumbers {
            let (places, featureWidth, infrequent) = indicators(using: &generator)
            var values = (0..<shape.categories).map { Double($0) - 2 }
            if index % 2 == 0 { values[shape.categories - 1] = .nan }
            features.append(
                .init(
                    categories: .numbers(values), indicators: places, width: featureWidth,
                    infrequentIndicator: infrequent))
        }
        let columns = Array(shape.numbers..<shape.numbers + shape.encodedNumbers)
        let value = graph.append(.selectColumns(columns), path: "codes")
        let encoder = OneHotEncoder(features: features, unknown: shape.unknown)
        parts.append(graph.append(.oneHotEncoder(encoder), [value], path: "encode codes"))
        width += encoder.width
    }
    if shape.texts > 0 {
        var features: [OneHotEncoder.Feature] = []
        for index in 0..<shape.texts {
            let (places, featureWidth, infrequent) = indicators(using: &generator)
            var values: [String?] = (0..<shape.categories).map { TestTexts.text($0) }
            if index % 2 == 0 { values[shape.categories - 1] = nil }
            features.append(
                .init(
                    categories: .strings(values), indicators: places, width: featureWidth,
                    infrequentIndicator: infrequent))
        }
        let first = shape.numbers + shape.encodedNumbers
        var value = graph.append(.selectColumns(Array(first..<first + shape.texts)), path: "texts")
        if Bool.random(using: &generator) {
            let imputer = StringImputer(replacements: (0..<shape.texts).map { TestTexts.text($0 * 5) })
            value = graph.append(.stringImputer(imputer), [value], path: "impute texts")
        }
        let encoder = OneHotEncoder(features: features, unknown: shape.unknown)
        parts.append(graph.append(.oneHotEncoder(encoder), [value], path: "encode texts"))
        width += encoder.width
    }
    var value = graph.append(.concat, parts, path: "columns")
    if shape.scalesAgain {
        let scaler = Scaler(
            form: .subtractDivide, offset: numbers(width, -1...1, using: &generator),
            scale: numbers(width, 0.5...2, using: &generator))
        value = graph.append(.scaler(scaler), [value], path: "scale again")
    }
    return (graph, value, width)
}

func makePipeline(_ shape: PipelineShape, using generator: inout SeededGenerator) -> ImportedGraph {
    var (graph, value, width) = makeFeatures(shape, using: &generator)
    let gemm = Gemm(
        weights: (0..<shape.outputs * width).map { _ in Double.random(in: -1...1, using: &generator) },
        bias: (0..<shape.outputs).map { _ in Double.random(in: -1...1, using: &generator) }, inputWidth: width)
    let score = graph.append(.gemm(gemm), [value], path: "linear")
    graph.addOutput(GraphOutput(name: "score", value: score, meaning: .values))
    if shape.outputs > 1 {
        let softmax = graph.append(.activation(.softmax), [score], path: "softmax")
        graph.addOutput(GraphOutput(name: "probabilities", value: softmax, meaning: .values))
    } else {
        let logistic = graph.append(.activation(.logistic), [score], path: "logistic")
        let both = graph.append(.binaryProbabilities, [logistic], path: "both")
        graph.addOutput(GraphOutput(name: "probabilities", value: both, meaning: .values))
    }
    return graph
}

func makePipelineRows(_ count: Int, _ shape: PipelineShape, missingRate: Double, using generator: inout SeededGenerator)
    -> [[Cell]]
{
    (0..<count).map { _ in
        var row: [Cell] = []
        for index in 0..<shape.numbers {
            let number =
                index % 3 == 2
                ? Double(Int.random(in: -9...9, using: &generator)) : Double.random(in: -9...9, using: &generator)
            row.append(generator.chance(missingRate) ? .missing : .number(number))
        }
        for _ in 0..<shape.encodedNumbers {
            row.append(
                generator.chance(missingRate)
                    ? .missing : .number(Double(Int.random(in: -3...shape.categories, using: &generator))))
        }
        for _ in 0..<shape.texts {
            row.append(
                generator.chance(missingRate)
                    ? .missing : .text(TestTexts.text(Int.random(in: 0...shape.categories, using: &generator))))
        }
        return row
    }
}
