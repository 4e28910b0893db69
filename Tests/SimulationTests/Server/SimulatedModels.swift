import InferenceEngine
import ModelIR
import Serving
import TensorCore

/// Model files that anyone can write: `model N` and any padding. Model N answers a row (a, b) with
/// N * 2^32 + a * 2^8 + b, so that an answer tells the model, the request and the row.
enum SimulatedModel {
    static let versionFactor = 4_294_967_296.0
    static let requestFactor = 256.0
    /// Numbers below are exact in a double.
    static let numbersMax = 1 << 20
    static let requestsMax = 1 << 24

    static func artifact(_ number: Int, padding: Int) -> [UInt8] {
        Array("model \(number) ".utf8) + [UInt8](repeating: UInt8(ascii: "p"), count: padding)
    }

    static func answer(model: Int, request: Int, row: Int) -> Double {
        Double(model) * versionFactor + Double(request) * requestFactor + Double(row)
    }

    /// The number of the model that gave an answer.
    static func model(of answer: Double) -> Int { Int(answer / versionFactor) }

    static func compile(_ graph: ImportedGraph) throws(ImportError) -> PreparedModel {
        let compiled = try ModelCompiler.compile(graph)
        return PreparedModel(signature: compiled.signature, layout: compiled.layout, predictor: compiled.predictor)
    }
}

struct SimulatedImporter: ModelImporter {
    let name = "simulated"

    func recognizes(_ bytes: Span<UInt8>) -> Bool { true }

    func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        let start = Array("model ".utf8)
        var number = 0
        var digits = 0
        for index in 0..<min(bytes.count, 20) {
            if index < start.count {
                guard bytes[index] == start[index] else { break }
            } else if (0x30...0x39).contains(bytes[index]) {
                number = number * 10 + Int(bytes[index]) - 0x30
                digits += 1
            } else {
                break
            }
        }
        guard digits > 0, number < SimulatedModel.numbersMax else {
            throw ImportError(.malformed, at: "byte 0", found: "something else", expected: "model and a number")
        }
        var graph = ImportedGraph(columns: [
            Column(name: "a", kind: .float64), Column(name: "b", kind: .float64),
        ])
        let columns = graph.append(.selectColumns([0, 1]), path: "select")
        let bias = Double(number) * SimulatedModel.versionFactor
        let sum = graph.append(
            .gemm(Gemm(weights: [SimulatedModel.requestFactor, 1], bias: [bias], inputWidth: 2)), [columns],
            path: "sum")
        graph.addOutput(GraphOutput(name: OutputField.predictionName, value: sum, meaning: .values))
        return ImportedModel(graph: graph, format: "simulated", producer: "tests", steps: [])
    }
}
