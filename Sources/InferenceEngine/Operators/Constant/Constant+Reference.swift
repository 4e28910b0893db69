internal import TensorCore

extension Constant: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for (column, value) in values.enumerated() { workspace.doubles[operands.output.offset + column] = value }
    }
}
