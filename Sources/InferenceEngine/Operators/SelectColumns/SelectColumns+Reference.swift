internal import TensorCore

extension SelectColumns: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let output = operands.output
        for (index, column) in columns.enumerated() {
            let isMissing = rows.isMissing(row: row, column: column)
            switch rows.layout.columns[column].kind {
            case .float64:
                workspace.doubles[output.offset + index] = rows.double(row: row, column: column)
            case .int64:
                workspace.doubles[output.offset + index] =
                    isMissing ? .nan : Double(rows.int64(row: row, column: column))
            case .string:
                workspace.texts[output.offset + index] = isMissing ? .missing : .input(column: column)
            }
        }
    }
}
