internal import ModelIR
internal import TensorCore

extension StringImputer: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            let text = workspace.texts[operands.input.offset + column]
            if isMissing(text, row: row, of: rows) {
                workspace.texts[operands.output.offset + column] = .constant(replacements[column])
            } else {
                workspace.texts[operands.output.offset + column] = text
            }
        }
    }

    private func isMissing(_ text: TextReference, row: Int, of rows: borrowing RowBatch) -> Bool {
        switch (text, missingText) {
        case (.missing, _): true
        case (_, nil): false
        case (.input(let column), let missing?): missing.isEqual(to: rows.stringBytes(row: row, column: column))
        case (.constant(let string), let missing?): missing.utf8.elementsEqual(string.utf8)
        }
    }
}
