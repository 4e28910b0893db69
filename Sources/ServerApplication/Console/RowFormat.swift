internal import ByteCoding
internal import ServingProtocols

/// How rows, or answers, are written in a file: what a request says by its media types.
public enum RowFormat: String, Sendable, CaseIterable {
    case json, ndjson, csv

    /// What rows are that nobody has told the format of. A file's name tells a CSV; a JSON document a line also stands
    /// in files called `.json`, so that their first bytes tell, and of what has no name or another one as well.
    /// - Parameter name: the file's, if it has one.
    init(of rows: Span<UInt8>, name: String?) {
        let ending = name?.split(separator: ".").last?.lowercased()
        if ending == "csv" {
            self = .csv
            return
        }
        if ending == "ndjson" || ending == "jsonl" {
            self = .ndjson
            return
        }
        var first = 0
        while first < rows.count, Self.isBlank(rows[first]) || rows[first] == UInt8(ascii: "\n") { first += 1 }
        let isDocument = first < rows.count && (rows[first] == UInt8(ascii: "{") || rows[first] == UInt8(ascii: "["))
        guard isDocument || ending == "json" || first == rows.count else {
            self = .csv
            return
        }
        self = Self.isLines(rows, from: first) ? .ndjson : .json
    }

    /// Whether the first line is a document by itself and another line follows.
    private static func isLines(_ rows: Span<UInt8>, from first: Int) -> Bool {
        var end = first
        while end < rows.count, rows[end] != UInt8(ascii: "\n") { end += 1 }
        var next = end
        while next < rows.count, isBlank(rows[next]) || rows[next] == UInt8(ascii: "\n") { next += 1 }
        guard next < rows.count else { return false }
        var reader = JSONReader(rows.extracting(first..<end))
        return (try? reader.skipValue()) != nil && (try? reader.finish()) != nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0d || byte == 0x09 }

    func body(hasHeader: Bool?) -> NativeFormat.Body {
        switch self {
        case .json: .json
        case .ndjson: .lines
        case .csv: .table(hasHeader.map { $0 ? .present : .absent } ?? .untold)
        }
    }

    var answer: NativeFormat.Answer {
        switch self {
        case .json: .json
        case .ndjson: .lines
        case .csv: .table
        }
    }
}
