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

    private static let fileNames = [
        "model.pkl", "model.joblib", "model.skops", "model.zip", "model.tar", "model.tar.gz", "model.txt",
        "model.json", "model.ubj", "model.bin", "model.cbm",
    ]

    var modelBytes: [UInt8] {
        get throws {
            for file in Self.fileNames {
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
        /// The relative error that is allowed; 1e-9 if nil.
        let tolerance: Double?
        let classes: [Cell]?
        /// Whether rows may be refused that the library answers, for its answer cannot be told; but not all of them.
        let mayRefuse: Bool
        /// The boosting rounds that predict, as [start, end].
        let iterationRange: [Int]?
        /// Each method's answers by the name of its output; nil for a row that the library refuses.
        let methods: [String: [Cell?]]

        private struct Key: CodingKey {
            let stringValue: String
            let intValue: Int? = nil
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            func value<T: Decodable>(_ name: String) throws -> T? {
                try container.decodeIfPresent(T.self, forKey: Key(stringValue: name))
            }
            library = try value("library") ?? ""
            columns = try value("columns")
            rows = try value("rows") ?? []
            tolerance = try value("tolerance")
            classes = try value("classes")
            mayRefuse = try value("mayRefuse") ?? false
            iterationRange = try value("iteration_range")
            var methods: [String: [Cell?]] = [:]
            for name in [
                "prediction", "probabilities", "decision_function", "score_samples", "transform", "margin", "leaf",
            ] {
                methods[name] = try value(name)
            }
            self.methods = methods
        }
    }

    /// One value of a row or an answer.
    enum Cell: Decodable, Equatable, CustomStringConvertible {
        case missing
        case boolean(Bool)
        case number(Double)
        case text(String)
        /// A number that is missing is NaN.
        case list([Double])
        /// Labels of several targets, not all of them numbers.
        case labels([Cell])

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
                let cells = try container.decode([Cell].self)
                let isNumbers = cells.allSatisfy { $0 == .missing || $0.number != nil }
                self = isNumbers ? .list(cells.map { $0.number ?? .nan }) : .labels(cells)
            }
        }

        /// As a number; the text "Infinity" is one too, for JSON has none.
        var number: Double? {
            switch self {
            case .number(let value): value
            case .text("Infinity"): .infinity
            case .text("-Infinity"): -.infinity
            case .missing, .boolean, .text, .list, .labels: nil
            }
        }

        var description: String {
            switch self {
            case .missing: "null"
            case .boolean(let value): value.description
            case .number(let value): value.description
            case .text(let value): value
            case .list(let values): values.description
            case .labels(let cells): cells.description
            }
        }
    }

    /// Every case of a folder, as `version/case`.
    static func cases(in root: URL) -> [ParityCase] {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return versions.sorted().flatMap { version in
            let folder = root.appending(path: version)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.sorted().map { ParityCase(name: "\(version)/\($0)", folder: folder.appending(path: $0)) }
        }
    }

    /// The committed cases.
    static let all = committed("sklearn")

    /// The committed cases of one folder of the fixtures.
    static func committed(_ folder: String) -> [ParityCase] {
        guard let root = Bundle.module.url(forResource: "Fixtures/" + folder, withExtension: nil) else { return [] }
        return cases(in: root)
    }

    static func named(_ name: String) throws -> ParityCase {
        try #require(all.first { $0.name == name })
    }
}

/// What a compiled model answers for the rows of a case.
struct ParityAnswer {
    var faults: Set<Int> = []
    /// Each output's answers, row by row.
    var outputs: [String: [ParityCase.Cell]] = [:]

    init(_ model: CompiledModel, rows: [[ParityCase.Cell]]) throws {
        var batch = RowBatch(layout: model.layout)
        for cells in rows {
            let row = batch.appendRow()
            try #require(cells.count == model.layout.width)
            for (column, cell) in cells.enumerated() {
                switch (cell, model.layout.columns[column].kind) {
                case (.missing, _): break
                case (.boolean(let value), .float64): batch.setDouble(value ? 1 : 0, row: row, column: column)
                // A column that the model drops has no type; what it holds does not count.
                case (_, .float64) where cell.number != nil || !model.layout.columns[column].isUsed:
                    if let number = cell.number { batch.setDouble(number, row: row, column: column) }
                case (.number(let number), .int64): batch.setInt64(Int64(number), row: row, column: column)
                case (.number(let number), .string) where model.layout.columns[column].takesWholeNumbersAsText:
                    let bytes = Array(String(Int64(number)).utf8)
                    _ = batch.setString(bytes.span, row: row, column: column)
                case (.boolean(let value), .string) where model.layout.columns[column].takesWholeNumbersAsText:
                    let bytes = Array((value ? "1" : "0").utf8)
                    _ = batch.setString(bytes.span, row: row, column: column)
                case (.text(let text), .string):
                    let bytes = Array(text.utf8)
                    _ = batch.setString(bytes.span, row: row, column: column)
                default: Issue.record("column \(column) cannot hold \(cell)")
                }
            }
        }
        var output = OutputBatch(fields: model.signature.outputs)
        model.predictor.predict(batch, into: &output, using: model.predictor.makeWorkspace())
        faults = Set(output.faults.map(\.row))
        for (index, field) in model.signature.outputs.enumerated() {
            outputs[field.name] = rows.indices.map { Self.cell(output.values[index], field, row: $0) }
        }
    }

    private static func cell(_ values: OutputValues, _ field: OutputField, row: Int) -> ParityCase.Cell {
        let range = row * field.width..<(row + 1) * field.width
        switch field.kind {
        case .values(let type), .probabilities(_, let type), .targetProbabilities(_, let type):
            let numbers = type == .float32 ? values.float32[range].map { Double($0) } : Array(values.float64[range])
            return field.isVector ? .list(numbers) : .number(numbers[0])
        case .label(let labels):
            return cell(labels, at: Int(values.labels[row]))
        case .labels(let targets):
            let cells = zip(targets, values.labels[range]).map { cell($0, at: Int($1)) }
            let numbers = cells.compactMap(\.number)
            return numbers.count == cells.count ? .list(numbers) : .labels(cells)
        }
    }

    private static func cell(_ labels: ClassLabels, at index: Int) -> ParityCase.Cell {
        switch labels {
        case .integers(let values): .number(Double(values[index]))
        case .doubles(let values): .number(values[index])
        case .booleans(let values): .boolean(values[index])
        case .strings(let values): .text(values[index])
        }
    }
}
