internal import TensorCore

extension ClassValue: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        workspace.doubles[operands.output.offset] = values[Int(workspace.integers[operands.input.offset])]
    }
}
