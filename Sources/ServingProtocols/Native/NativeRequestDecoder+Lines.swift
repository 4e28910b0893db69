internal import ByteCoding
internal import InferenceAPI
internal import TensorCore

// One JSON document a line: `application/x-ndjson` and its other names.
extension NativeRequestDecoder {
    /// Each line is a record or a row, all of one kind; lines without a document are passed over. Where rows have
    /// their own outcomes, a line that is no JSON has one, too: the next begins at the next line's end.
    mutating func decodeLines(_ body: Span<UInt8>, into batch: inout RowBatch) throws(InferenceError) -> NativeRequest {
        var rowKind: JSONKind?
        var isRegular = true
        var line = 0
        var start = 0
        while start < body.count {
            let end = Self.lineEnd(in: body, from: start)
            line += 1
            if !Self.isBlank(body, start..<end) {
                let row = rowsRead(batch)
                isRegular = isRegular && line == row + 1
                let mark = batch.mark()
                do throws(InferenceError) {
                    try decodeLine(body.extracting(0..<end), at: start, &rowKind, into: &batch)
                } catch {
                    try isolate(error.placed(.line(line)), row: row, mark, &batch)
                }
            }
            start = end + 1
        }
        guard rowsRead(batch) > 0 else { throw Self.noRows(expected: "a JSON document on each line") }
        return NativeRequest(
            form: .lines, hasArrayRows: rowKind == .array, rowCount: batch.rowCount - firstRow,
            firstLine: isRegular ? 1 : 0)
    }

    private mutating func decodeLine(
        _ body: Span<UInt8>, at start: Int, _ rowKind: inout JSONKind?, into batch: inout RowBatch
    ) throws(InferenceError) {
        var reader = RequestReader(body, at: start)
        // A line that fails does not decide on the others.
        var kind = rowKind
        try decodeElement(&reader, .lines, &kind, into: &batch)
        try reader.finish()
        rowKind = kind
    }

    /// What a row of a body of lines comes to that cannot be decoded: its own error, or the request's.
    mutating func isolate(
        _ error: InferenceError, row: Int, _ mark: RowBatch.Mark, _ batch: inout RowBatch
    ) throws(InferenceError) {
        switch error {
        case .malformed(let problem) where isolation != nil, .invalid(let problem) where isolation != nil:
            batch.rollback(to: mark)
            try append(problem, row: row, batch)
        default: throw error
        }
    }

    static func noRows(expected: String) -> InferenceError {
        .invalid(
            InferenceProblem(pointer: "", detail: "there are no rows", expected: expected, found: "no line with a row"))
    }

    /// A raw line feed stands in no JSON string, so that it always ends a line.
    private static func lineEnd(in body: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < body.count, body[index] != UInt8(ascii: "\n") { index &+= 1 }
        return index
    }

    private static func isBlank(_ body: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range {
            switch body[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            default: return false
            }
        }
        return true
    }
}

extension InferenceError {
    /// The same, on a line of the body.
    func placed(_ line: BodyLine) -> InferenceError {
        switch self {
        case .malformed(var problem):
            problem.line = line
            return .malformed(problem)
        case .invalid(var problem):
            problem.line = line
            return .invalid(problem)
        default: return self
        }
    }
}
