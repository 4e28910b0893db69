package import InferenceAPI
package import TensorCore

/// Says what is wrong with a row that could be decoded but not predicted.
package enum FaultProblem {
    /// - Parameter firstRow: the request's first row in the batch that the fault counts from.
    package static func error(
        _ fault: RowFault, _ request: NativeRequest, firstRow: Int, _ layout: RowLayout
    ) -> InferenceError {
        .invalid(problem(fault, request, firstRow: firstRow, layout))
    }

    static func problem(
        _ fault: RowFault, _ request: NativeRequest, firstRow: Int, _ layout: RowLayout
    ) -> InferenceProblem {
        let row = fault.row - firstRow
        var problem = reason(fault, request.pointer(row: row, column: fault.column, in: layout), layout)
        problem.line = request.line(ofRow: row)
        problem.column = request.columnName(fault.column, in: layout)
        return problem
    }

    private static func reason(_ fault: RowFault, _ pointer: String, _ layout: RowLayout) -> InferenceProblem {
        let column = layout.columns[fault.column]
        let name = column.name ?? "column \(fault.column + 1)"
        switch fault.reason {
        case .unknownCategory:
            let known = column.categories.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            return InferenceProblem(
                pointer: pointer,
                detail: "\(name): the model's encoder refuses categories that it was not trained on",
                expected: known.isEmpty ? "a category of the training data" : "one of \(known)",
                found: "an unknown category")
        case .exceedsFloat32:
            return InferenceProblem(
                pointer: pointer, detail: "\(name): the model computes in float32, which cannot hold this number",
                expected: "a magnitude below 3.4e38", found: "a larger one")
        case .infinite:
            return InferenceProblem(
                pointer: pointer,
                detail: "\(name): the model refuses infinite numbers, and a step makes one of this",
                expected: "a value that every step keeps finite", found: "a number that becomes infinite")
        case .tie:
            return InferenceProblem(
                pointer: pointer,
                detail: "the row is equally far from several training rows of different targets, and which of them "
                    + "count as its neighbours cannot be told: retrain with algorithm=\"kd_tree\" or \"ball_tree\"",
                expected: "a row with one set of nearest neighbours", found: "several sets")
        case .missingValue:
            return InferenceProblem(
                pointer: pointer, detail: "\(name): the model has no rule for a missing value in this column",
                expected: "a value", found: "none")
        }
    }
}
