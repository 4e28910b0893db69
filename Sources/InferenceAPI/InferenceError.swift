/// Why a request for inference has no answer. Every protocol maps it to its own status and body in one `switch`.
package enum InferenceError: Error, Sendable, Hashable {
    /// The body is not what its form demands: place (JSON Pointer or byte offset), found, expected.
    case malformed(InferenceProblem)
    /// The body is well-formed, but a value does not fit the model.
    case invalid(InferenceProblem)
    /// No model of that name; the names that there are.
    case unknownModel(name: String?, known: [String])
    /// The request decodes to more than one request may hold; the limit, in words.
    case tooLarge(limit: String)
    /// More rows or bytes wait than the bound allows.
    case overloaded(retryAfterSeconds: Int)
    /// The request's deadline would pass, or has passed, before its rows could run. Nothing of it was computed.
    case late(LateRequest)
    /// The server is stopping.
    case draining
}

/// How a request missed its deadline.
package enum LateRequest: Sendable, Hashable {
    /// What waits before it takes longer than it has time.
    case refused(retryAfterSeconds: Int)
    /// It waited, and its time is over.
    case expired
}

/// One wrong place in a request.
package struct InferenceProblem: Sendable, Hashable {
    /// RFC 6901 JSON Pointer to the value, such as `/instances/3/age`; empty for the whole body.
    package let pointer: String
    package let detail: String
    package let expected: String?
    package let found: String?
    /// The known name nearest to an unknown one.
    package let nearest: String?
    /// Byte offset in the body, for syntax errors.
    package let offset: Int?
    /// The line, of a body of lines.
    package var line: BodyLine?
    /// The column, of a table: its name, or its number from 1 where it has none.
    package var column: String?

    package init(
        pointer: String, detail: String, expected: String? = nil, found: String? = nil, nearest: String? = nil,
        offset: Int? = nil, line: BodyLine? = nil, column: String? = nil
    ) {
        self.pointer = pointer
        self.detail = detail
        self.expected = expected
        self.found = found
        self.nearest = nearest
        self.offset = offset
        self.line = line
        self.column = column
    }

    /// The place in a body of lines, such as `line 3, column "age"`; nil in others.
    package var place: String? {
        guard let line else { return nil }
        return line.text + (column.map { ", column \"\($0)\"" } ?? "")
    }
}

/// A line of a body of lines, such as CSV; both count from 1.
package enum BodyLine: Sendable, Hashable {
    case line(Int)
    /// A row of data, where rows are not lines: some are empty, or have line breaks in their cells.
    case row(Int)

    package var text: String {
        switch self {
        case .line(let number): "line \(number)"
        case .row(let number): "row \(number)"
        }
    }
}
