package import InferenceAPI

/// What became of the rows of a request that asked for each row's own outcome (`?errors=row`): those that could not be
/// decoded, by their place among all rows of the request.
package struct RowIsolation: Sendable, Hashable {
    /// A row without a prediction.
    package struct Failure: Sendable, Hashable {
        /// Among all rows of the request, from 0.
        package let row: Int
        package let problem: InferenceProblem
    }

    /// Rows that may fail in one request: their errors are longer than any prediction.
    package static let failuresMax = 10_000

    /// In ascending order of row.
    package private(set) var failures: [Failure] = []

    package init() {}

    mutating func append(_ row: Int, _ problem: InferenceProblem) throws(InferenceError) {
        guard failures.count < Self.failuresMax else { throw .tooLarge(limit: "\(Self.failuresMax) rows with errors") }
        failures.append(Failure(row: row, problem: problem))
    }
}
