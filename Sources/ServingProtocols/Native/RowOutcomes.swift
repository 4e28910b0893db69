package import InferenceAPI
package import TensorCore

/// What became of one row of a request.
package enum RowOutcome {
    /// Its place in the outputs.
    case row(Int)
    case error(InferenceProblem)
}

/// Walks through a request's rows in their order: those that have outputs, and those that could not be decoded or
/// predicted.
package struct RowOutcomes {
    private let request: NativeRequest
    private let layout: RowLayout
    private let failures: [RowIsolation.Failure]
    /// The next row of the outputs, and the last one's end.
    private var row: Int
    private let end: Int
    /// Rows given so far, and how many of them could not be decoded.
    private var place = 0
    private var failure = 0

    /// - Parameters:
    ///   - rows: of the outputs: the request's, less those that could not be decoded.
    ///   - isolation: those that could not be decoded; nil where one fails the request, so that there is none.
    ///   - request: for the places of errors.
    ///   - layout: of the rows.
    package init(_ rows: Range<Int>, _ isolation: RowIsolation?, _ request: NativeRequest, _ layout: RowLayout) {
        self.request = request
        self.layout = layout
        failures = isolation?.failures ?? []
        row = rows.lowerBound
        end = rows.upperBound
    }

    /// The next row's outcome; nil behind the last.
    package mutating func next(of batch: borrowing OutputBatch) -> RowOutcome? {
        if failure < failures.count, failures[failure].row == place {
            failure += 1
            place += 1
            return .error(failures[failure - 1].problem)
        }
        guard row < end else { return nil }
        defer {
            row += 1
            place += 1
        }
        guard let fault = batch.firstFault(in: row..<row + 1) else { return .row(row) }
        return .error(FaultProblem.problem(fault, request, firstRow: row - place, layout))
    }
}
