internal import ByteCoding
internal import ModelIR
internal import TensorCore

/// `vencejo.json`, version 1: what a bundle tells beside its artifact. Every key but `vencejo` may be left out; an
/// unknown key is refused, since it may be a known one misspelt. `docs/formats.md` describes each.
struct BundleDescription {
    /// A golden row as the file has it: by name or in the model's order.
    struct Row {
        enum Input {
            case record([(name: String, cell: CellValue)])
            case list([CellValue])
        }

        var input: Input?
        var expected: [String: GoldenRow.Expectation] = [:]
    }

    static let fileName = "vencejo.json"
    static let version: Int64 = 1
    static let rowsMax = 10_000
    /// Values of all golden rows together, those that are left out included.
    static let goldenCellsMax = 1 << 20

    var name: String?
    /// The model file within the bundle; nil where it is the only other file.
    var artifact: String?
    var notes: [ModelMetadata.Note] = []
    var policy = RecordPolicy()
    /// The outputs to answer; nil for those that the model answers by itself.
    var outputs: [String]?
    /// The probability from which on the second class is predicted.
    var threshold: Double?
    /// What the model's labels are to be called.
    var labels: [String: String] = [:]
    /// What the training data held, by column.
    var ranges: [String: ClosedRange<Double>] = [:]
    var rows: [Row] = []
    var tolerance: Double?
    var histograms: [ReferenceHistogram] = []
    var options = ImportOptions()

    /// - Throws: `ImportError` with the key and the byte.
    init(_ bytes: Span<UInt8>) throws(ImportError) {
        var reader = ModelJSONReader(bytes, document: Self.fileName)
        var version: Int64?
        var parsed = Self()
        try reader.object("") { (reader, key) throws(ImportError) in
            if key == "vencejo" {
                version = try reader.integer(key)
            } else {
                try parsed.readMember(&reader, key)
            }
        }
        try reader.finish()
        guard version == Self.version else {
            throw ImportError(
                .unsupported, at: "\(Self.fileName) vencejo", found: version.map { "version \($0)" } ?? "no version",
                expected: "\"vencejo\": \(Self.version)")
        }
        self = parsed
    }

    private init() {}

    private mutating func readMember(_ reader: inout ModelJSONReader, _ key: String) throws(ImportError) {
        switch key {
        case "name": name = try reader.string(key)
        case "artifact": artifact = try reader.string(key)
        case "metadata": try readNotes(&reader, key)
        case "unknown_fields": policy.unknownFields = try Self.choice(try reader.string(key), key)
        case "absent_fields": policy.absentFields = try Self.choice(try reader.string(key), key)
        case "outputs": outputs = try Self.texts(&reader, key)
        case "threshold":
            let value = try reader.number(key)
            guard value > 0, value < 1 else {
                throw Self.refusal(key, "\(value)", "a probability between 0 and 1")
            }
            threshold = value
        case "labels":
            var renamed: [String: String] = [:]
            try reader.object(key) { (reader, label) throws(ImportError) in
                renamed[label] = try reader.string(ModelJSONReader.join(key, label))
            }
            labels = renamed
        case "columns": try readColumns(&reader, key)
        case "golden": try readGolden(&reader, key)
        case "histograms": try readHistograms(&reader, key)
        case "options": try readOptions(&reader, key)
        default:
            throw Self.refusal(
                key, "an unknown key",
                "vencejo, name, artifact, metadata, unknown_fields, absent_fields, outputs, threshold, labels, "
                    + "columns, golden, histograms or options")
        }
    }

    private mutating func readOptions(_ reader: inout ModelJSONReader, _ place: String) throws(ImportError) {
        var range: Range<Int>?
        try reader.object(place) { (reader, key) throws(ImportError) in
            let keyPlace = ModelJSONReader.join(place, key)
            guard key == "iteration_range" else { throw Self.refusal(keyPlace, "an unknown key", "iteration_range") }
            var bounds: [Int64] = []
            try reader.array(keyPlace) { (reader, index) throws(ImportError) in
                guard index < 2 else { throw Self.refusal(keyPlace, "more than two numbers", "[start, end]") }
                bounds.append(try reader.integer("\(keyPlace)[\(index)]"))
            }
            guard bounds.count == 2, bounds[0] >= 0, bounds[0] < bounds[1], bounds[1] <= Int64(Int32.max) else {
                throw Self.refusal(keyPlace, "\(bounds)", "[start, end], two rounds from 0 of which the first is less")
            }
            range = Int(bounds[0])..<Int(bounds[1])
        }
        options = ImportOptions(iterationRange: range)
    }

    private mutating func readNotes(_ reader: inout ModelJSONReader, _ place: String) throws(ImportError) {
        var notes: [ModelMetadata.Note] = []
        try reader.object(place) { (reader, name) throws(ImportError) in
            notes.append(ModelMetadata.Note(name: name, text: try reader.string(ModelJSONReader.join(place, name))))
        }
        self.notes = notes
    }

    private mutating func readColumns(_ reader: inout ModelJSONReader, _ place: String) throws(ImportError) {
        var ranges: [String: ClosedRange<Double>] = [:]
        try reader.object(place) { (reader, column) throws(ImportError) in
            let columnPlace = ModelJSONReader.join(place, column)
            var bounds: (low: Double?, high: Double?)
            try reader.object(columnPlace) { (reader, key) throws(ImportError) in
                let keyPlace = ModelJSONReader.join(columnPlace, key)
                switch key {
                case "minimum": bounds.low = try reader.number(keyPlace)
                case "maximum": bounds.high = try reader.number(keyPlace)
                default: throw Self.refusal(keyPlace, "an unknown key", "minimum or maximum")
                }
            }
            guard let low = bounds.low, let high = bounds.high, low <= high else {
                throw Self.refusal(columnPlace, "no range", "a minimum and a maximum that is not less")
            }
            ranges[column] = low...high
        }
        self.ranges = ranges
    }

    // MARK: Golden rows

    private mutating func readGolden(_ reader: inout ModelJSONReader, _ place: String) throws(ImportError) {
        var rows: [Row] = []
        var tolerance: Double?
        try reader.object(place) { (reader, key) throws(ImportError) in
            let keyPlace = ModelJSONReader.join(place, key)
            switch key {
            case "tolerance":
                let value = try reader.number(keyPlace)
                guard value >= 0, value <= 1 else {
                    throw Self.refusal(keyPlace, "\(value)", "a relative error of 0 to 1")
                }
                tolerance = value
            case "rows":
                try reader.array(keyPlace) { (reader, index) throws(ImportError) in
                    guard index < Self.rowsMax else {
                        throw ImportError(
                            .limit, at: keyPlace, found: "more than \(Self.rowsMax) rows",
                            expected: "at most that many")
                    }
                    rows.append(try Self.row(&reader, "\(keyPlace)[\(index)]"))
                }
            default: throw Self.refusal(keyPlace, "an unknown key", "tolerance or rows")
            }
        }
        self.rows = rows
        self.tolerance = tolerance
    }

    private static func row(_ reader: inout ModelJSONReader, _ place: String) throws(ImportError) -> Row {
        var row = Row()
        try reader.object(place) { (reader, key) throws(ImportError) in
            let keyPlace = ModelJSONReader.join(place, key)
            switch key {
            case "input": row.input = try Self.input(&reader, keyPlace)
            case "expected":
                try reader.object(keyPlace) { (reader, output) throws(ImportError) in
                    row.expected[output] = try Self.expectation(&reader, ModelJSONReader.join(keyPlace, output))
                }
                guard !row.expected.isEmpty else {
                    throw Self.refusal(keyPlace, "no output", "at least one, or no key")
                }
            default: throw Self.refusal(keyPlace, "an unknown key", "input or expected")
            }
        }
        guard row.input != nil else { throw Self.refusal(place, "a row without input", "the key \"input\"") }
        return row
    }

    private static func input(_ reader: inout ModelJSONReader, _ place: String) throws(ImportError) -> Row.Input {
        if try reader.kind(place) == .array {
            var cells: [CellValue] = []
            try reader.array(place) { (reader, index) throws(ImportError) in
                cells.append(try reader.cell("\(place)[\(index)]"))
            }
            return .list(cells)
        }
        var fields: [(name: String, cell: CellValue)] = []
        try reader.object(place) { (reader, name) throws(ImportError) in
            fields.append((name: name, cell: try reader.cell(ModelJSONReader.join(place, name))))
        }
        return .record(fields)
    }

    private static func expectation(
        _ reader: inout ModelJSONReader, _ place: String
    ) throws(ImportError) -> GoldenRow.Expectation {
        switch try reader.kind(place) {
        case .array:
            var items: [GoldenRow.Expectation] = []
            try reader.array(place) { (reader, index) throws(ImportError) in
                items.append(try Self.singleExpectation(&reader, "\(place)[\(index)]"))
            }
            // Numbers are a vector, or the labels of several targets; the model tells which.
            var numbers: [Double] = []
            for case .numbers(let values) in items { numbers += values }
            return numbers.count == items.count ? .numbers(numbers) : .targets(items)
        default: return try singleExpectation(&reader, place)
        }
    }

    /// A number, a label, or numbers by label.
    private static func singleExpectation(
        _ reader: inout ModelJSONReader, _ place: String
    ) throws(ImportError) -> GoldenRow.Expectation {
        switch try reader.kind(place) {
        case .object:
            var probabilities: [GoldenRow.LabelProbability] = []
            try reader.object(place) { (reader, label) throws(ImportError) in
                let value = try Self.goldenNumber(&reader, ModelJSONReader.join(place, label))
                probabilities.append(GoldenRow.LabelProbability(label: label, probability: value))
            }
            guard !probabilities.isEmpty else { throw Self.refusal(place, "no label", "at least one, and its number") }
            return .probabilities(probabilities)
        case .string: return .label(try reader.string(place))
        case .bool: return .label(try reader.cell(place) == .number(1) ? "true" : "false")
        default: return .numbers([try Self.goldenNumber(&reader, place)])
        }
    }

    /// null stands for what is not finite, as in an answer.
    private static func goldenNumber(_ reader: inout ModelJSONReader, _ place: String) throws(ImportError) -> Double {
        switch try reader.cell(place) {
        case .missing: return .nan
        case .number(let value): return value
        case .integer(let value): return Double(value)
        case .text: throw refusal(place, "text", "a number or null")
        }
    }

    // MARK: Histograms

    private mutating func readHistograms(_ reader: inout ModelJSONReader, _ place: String) throws(ImportError) {
        var histograms: [ReferenceHistogram] = []
        try reader.object(place) { (reader, column) throws(ImportError) in
            histograms.append(try Self.histogram(&reader, column, ModelJSONReader.join(place, column)))
        }
        self.histograms = histograms
    }

    private static func histogram(
        _ reader: inout ModelJSONReader, _ column: String, _ place: String
    ) throws(ImportError) -> ReferenceHistogram {
        var edges: [Double]?
        var categories: [String]?
        var counts: [Int64] = []
        var missing: Int64 = 0
        try reader.object(place) { (reader, key) throws(ImportError) in
            let keyPlace = ModelJSONReader.join(place, key)
            switch key {
            case "edges":
                var values: [Double] = []
                try reader.array(keyPlace) { (reader, index) throws(ImportError) in
                    values.append(try reader.number("\(keyPlace)[\(index)]"))
                }
                edges = values
            case "categories": categories = try texts(&reader, keyPlace)
            case "counts":
                var values: [Int64] = []
                try reader.array(keyPlace) { (reader, index) throws(ImportError) in
                    values.append(try reader.integer("\(keyPlace)[\(index)]"))
                }
                counts = values
            case "missing": missing = try reader.integer(keyPlace)
            default: throw refusal(keyPlace, "an unknown key", "edges or categories, counts, missing")
            }
        }
        guard counts.allSatisfy({ $0 >= 0 }), missing >= 0 else {
            throw refusal(place, "a negative count", "counts from 0")
        }
        switch (edges, categories) {
        case (let edges?, nil):
            guard edges.count == counts.count + 1, zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw refusal(
                    place, "\(edges.count) edges and \(counts.count) counts", "ascending edges, one more than counts")
            }
            return ReferenceHistogram(column: column, bins: .edges(edges), counts: counts, missingCount: missing)
        case (nil, let categories?):
            guard categories.count == counts.count else {
                throw refusal(place, "\(categories.count) categories and \(counts.count) counts", "as many of each")
            }
            return ReferenceHistogram(
                column: column, bins: .categories(categories), counts: counts, missingCount: missing)
        default: throw refusal(place, "no bins", "either edges or categories")
        }
    }

    // MARK: Helpers

    private static func texts(_ reader: inout ModelJSONReader, _ place: String) throws(ImportError) -> [String] {
        var values: [String] = []
        try reader.array(place) { (reader, index) throws(ImportError) in
            values.append(try reader.string("\(place)[\(index)]"))
        }
        return values
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String, _ place: String
    ) throws(ImportError) -> Choice {
        guard let choice = Choice(rawValue: text) else {
            throw refusal(place, "\"\(text)\"", Choice.allCases.map(\.rawValue).joined(separator: " or "))
        }
        return choice
    }

    static func refusal(_ place: String, _ found: String, _ expected: String) -> ImportError {
        ImportError(.malformed, at: "\(fileName) \(place)", found: found, expected: expected)
    }
}
