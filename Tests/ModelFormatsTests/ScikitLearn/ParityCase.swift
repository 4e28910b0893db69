import Foundation
import InferenceEngine
import ModelFormats
import ModelIR
import TensorCore
import Testing

/// A fixture: a model file, rows, and what the library answered.
struct ParityCase: Sendable, CustomTestStringConvertible {
    let name: String
    let folder: URL

    var testDescription: String { name }

    var modelBytes: [UInt8] {
        get throws {
            for file in ["model.pkl", "model.joblib"] {
                let url = folder.appending(path: file)
                if FileManager.default.fileExists(atPath: url.path) { return Array(try Data(contentsOf: url)) }
            }
            throw CocoaError(.fileNoSuchFile)
        }
    }

    var answer: Answer {
        get throws {
            try JSONDecoder().decode(Answer.self, from: Data(contentsOf: folder.appending(path: "case.json")))
        }
    }

    struct Answer: Decodable {
        let library: String
        let columns: [String]?
        let rows: [[Cell]]
        /// nil for a row that the library refuses.
        let prediction: [Cell?]
        let classes: [Cell]?
        let probabilities: [[Double]?]?
    }

    /// One value of a row or an answer.
    enum Cell: Decodable, Equatable, CustomStringConvertible {
        case missing
        case boolean(Bool)
        case number(Double)
        case text(String)
        case list([Double])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .missing
            } else if let value = try? container.decode(Bool.self) {
                self = .boolean(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .text(value)
            } else {
                self = .list(try container.decode([Double].self))
            }
        }

        var description: String {
            switch self {
            case .missing: "null"
            case .boolean(let value): value.description
            case .number(let value): value.description
            case .text(let value): value
            case .list(let values): values.description
            }
        }
    }

    /// Every committed case, as `version/case`.
    static let all: [ParityCase] = {
        guard let root = Bundle.module.url(forResource: "Fixtures/sklearn", withExtension: nil) else { return [] }
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return versions.sorted().flatMap { version in
            let folder = root.appending(path: version)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.sorted().map { ParityCase(name: "\(version)/\($0)", folder: folder.appending(path: $0)) }
        }
    }()

    static func named(_ name: String) throws -> ParityCase {
        try #require(all.first { $0.name == name })
    }
}

/// What a compiled model answers for the rows of a case.
struct ParityAnswer {
    var faults: Set<Int> = []
    /// Row by row.
    var predictions: [ParityCase.Cell] = []
    var probabilities: [[Double]] = []

    init(_ model: CompiledModel, rows: [[ParityCase.Cell]]) throws {
        var batch = RowBatch(layout: model.layout)
        for cells in rows {
            let row = batch.appendRow()
            try #require(cells.count == model.layout.width)
            for (column, cell) in cells.enumerated() {
                switch (cell, model.layout.columns[column].kind) {
                case (.missing, _): break
                case (.number(let value), .float64): batch.setDouble(value, row: row, column: column)
                case (.boolean(let value), .float64): batch.setDouble(value ? 1 : 0, row: row, column: column)
                case (.text(let text), .string):
                    let bytes = Array(text.utf8)
                    _ = batch.setString(bytes.span, row: row, column: column)
                // A column that the model drops has no type; what it holds does not count.
                case (.text, .float64) where !model.layout.columns[column].isUsed: break
                default: Issue.record("column \(column) cannot hold \(cell)")
                }
            }
        }
        var output = OutputBatch(fields: model.signature.outputs)
        model.predictor.predict(batch, into: &output, using: model.predictor.makeWorkspace())
        faults = Set(output.faults.map(\.row))
        for row in rows.indices {
            for (index, field) in model.signature.outputs.enumerated() {
                let range = row * field.width..<(row + 1) * field.width
                switch field.kind {
                case .values:
                    let values = Array(output.values[index].float64[range])
                    predictions.append(field.isVector ? .list(values) : .number(values[0]))
                case .label(let labels):
                    let label = Int(output.values[index].labels[row])
                    switch labels {
                    case .integers(let values): predictions.append(.number(Double(values[label])))
                    case .doubles(let values): predictions.append(.number(values[label]))
                    case .booleans(let values): predictions.append(.boolean(values[label]))
                    case .strings(let values): predictions.append(.text(values[label]))
                    }
                case .probabilities: probabilities.append(Array(output.values[index].float64[range]))
                }
            }
        }
    }
}

/// Whether two numbers agree to 1e-9, relatively.
func agree(_ found: Double, _ expected: Double) -> Bool {
    found == expected || abs(found - expected) <= 1e-9 * max(abs(expected), abs(found))
}
