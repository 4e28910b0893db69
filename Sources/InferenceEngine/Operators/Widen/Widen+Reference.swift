internal import TensorCore

extension Widen: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.input.width {
            workspace.doubles[operands.output.offset + column] =
                Double(workspace.floats[operands.input.offset + column])
        }
    }
}
