internal import TensorCore

extension Greater: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        workspace.integers[operands.output.offset] = workspace.number(operands.input, 0) > threshold ? 1 : 0
    }
}
