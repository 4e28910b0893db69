internal import ModelIR
internal import TensorCore

extension StringImputer: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            let text = workspace.texts[operands.input.offset + column]
            if case .missing = text {
                workspace.texts[operands.output.offset + column] = .constant(replacements[column])
            } else {
                workspace.texts[operands.output.offset + column] = text
            }
        }
    }
}
