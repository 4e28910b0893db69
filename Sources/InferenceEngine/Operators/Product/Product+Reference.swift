internal import TensorCore

extension Product: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            workspace.doubles[operands.output.offset + column] =
                workspace.doubles[operands.inputs[0].offset + column]
                * workspace.doubles[operands.inputs[1].offset + column]
        }
    }
}
