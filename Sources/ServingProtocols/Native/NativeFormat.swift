/// How the rows of a request are written, and how its answer is to be, as the request's head tells.
package struct NativeFormat: Sendable, Hashable {
    package enum Body: Sendable, Hashable {
        /// One JSON document.
        case json
        /// One JSON document a line.
        case lines
        /// CSV.
        case table(TableHeader)
    }

    /// Whether the first line of a CSV names the columns.
    package enum TableHeader: Sendable, Hashable {
        case present, absent
        /// It does if at least half of its cells are names of the model's columns. A cell that reads as a number is
        /// none, so that a row is never lost to a model whose columns are named by numbers.
        case untold
    }

    package enum Answer: UInt8, Sendable {
        /// One JSON document.
        case json
        /// One JSON document a row, called `application/x-ndjson`.
        case lines
        /// CSV with a header.
        case table
        /// The same as `lines`, for a client that calls it `application/jsonl`.
        case jsonLines
    }

    package var body: Body
    package var answer: Answer

    package init(body: Body = .json, answer: Answer = .json) {
        self.body = body
        self.answer = answer
    }
}
