internal import TensorCore

extension Concat: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        var next = 0
        for input in operands.inputs {
            for column in 0..<input.width {
                workspace.copy(input, column: column, to: operands.output, column: next)
                next += 1
            }
        }
    }
}
