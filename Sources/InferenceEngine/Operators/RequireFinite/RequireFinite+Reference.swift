internal import TensorCore

extension RequireFinite: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            let value = workspace.doubles[operands.input.offset + column]
            guard value.isFinite else {
                throw RowFault(
                    row: row, column: operands.input.inputColumns[column] ?? 0,
                    reason: value.isNaN ? .missingValue : .infinite)
            }
            workspace.doubles[operands.output.offset + column] = value
        }
    }
}
