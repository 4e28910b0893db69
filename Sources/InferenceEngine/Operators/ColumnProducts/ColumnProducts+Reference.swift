internal import ModelIR
internal import TensorCore

extension ColumnProducts: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let output = operands.output.offset
        for (index, term) in terms.enumerated() {
            var value = term.column.map { workspace.doubles[operands.input.offset + $0] } ?? 1
            if let earlier = term.earlier { value = workspace.doubles[output + earlier] * value }
            workspace.doubles[output + index] = value
        }
    }
}
