internal import ByteCoding
internal import TensorCore

/// The first record of the input that a model was logged with: `input_example.json`, or what `/invocations` takes.
///
///     {"columns": [...], "data": [[...], ...]}      the same within "dataframe_split"
///     {"inputs": [[...], ...]}, {"instances": ...}, [[...], ...]
struct MLflowExample {
    private var names: [String]?
    private var cells: [CellValue]?

    /// - Returns: one value a column; nil where the text has another form or does not fit the columns: an example is
    ///   only shown.
    static func read(_ bytes: Span<UInt8>, for columns: [Column]) -> [CellValue]? {
        var example = MLflowExample()
        do throws(JSONError) {
            var reader = JSONReader(bytes, limits: JSONLimits(allowsNonFinite: true))
            try example.readInput(&reader, depth: 0)
        } catch {
            return nil
        }
        return example.fitted(to: columns)
    }

    private mutating func readInput(_ reader: inout JSONReader, depth: Int) throws(JSONError) {
        guard depth < 3 else { return _ = try reader.skipValue() }
        switch try reader.peek() {
        case .array: try readRows(&reader)
        case .object:
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if reader.equals(key, "columns"), try reader.peek() == .array {
                    names = try Self.names(&reader)
                } else if ["data", "inputs", "instances", "dataframe_split"].contains(where: { reader.equals(key, $0) })
                {
                    try readInput(&reader, depth: depth + 1)
                } else {
                    _ = try reader.skipValue()
                }
            }
        default: _ = try reader.skipValue()
        }
    }

    private static func names(_ reader: inout JSONReader) throws(JSONError) -> [String]? {
        var names: [String] = []
        var hasOthers = false
        try reader.beginArray()
        while try reader.nextElement() {
            if try reader.peek() == .string {
                let token = try reader.readString()
                names.append(reader.string(token))
            } else {
                // Names that are numbers are positions.
                _ = try reader.skipValue()
                hasOthers = true
            }
        }
        return hasOthers ? nil : names
    }

    /// Takes the first of several rows.
    private mutating func readRows(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginArray()
        while try reader.nextElement() {
            guard cells == nil, try reader.peek() == .array else {
                _ = try reader.skipValue()
                continue
            }
            var row: [CellValue] = []
            try reader.beginArray()
            while try reader.nextElement() { row.append(try Self.cell(&reader)) }
            cells = row
        }
    }

    private static func cell(_ reader: inout JSONReader) throws(JSONError) -> CellValue {
        switch try reader.peek() {
        case .string:
            let token = try reader.readString()
            return .text(reader.string(token))
        case .number:
            switch try reader.readNumber() {
            case .int64(let value): return .integer(value)
            case .uint64(let value): return .number(Double(value))
            case .double(let value): return value.isNaN ? .missing : .number(value)
            }
        case .bool: return try reader.readBool() ? .integer(1) : .integer(0)
        default:
            _ = try reader.skipValue()
            return .missing
        }
    }

    private func fitted(to columns: [Column]) -> [CellValue]? {
        guard let cells else { return nil }
        var ordered = cells
        if let names, columns.allSatisfy({ $0.name != nil }) {
            guard names.count == cells.count else { return nil }
            var places: [String: Int] = [:]
            for (place, name) in names.enumerated() { places[name] = place }
            ordered = columns.map { column in
                column.name.flatMap { places[$0] }.map { cells[$0] } ?? .missing
            }
        }
        guard ordered.count == columns.count else { return nil }
        for (cell, column) in zip(ordered, columns) where column.isUsed {
            switch (cell, column.kind) {
            case (.missing, _), (.number, .float64), (.integer, .float64), (.integer, .int64), (.text, .string): break
            default: return nil
            }
        }
        return ordered
    }
}
