internal import ModelIR
internal import TensorCore

extension OrdinalEncoder: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input
        for index in features.indices {
            let category = features[index].categories.index(
                ofElement: input.offset + index, row: row, of: rows, in: workspace)
            guard let code = category.map({ features[index].codes[$0] }) ?? features[index].unknownCode else {
                throw RowFault(row: row, column: input.inputColumns[index] ?? 0, reason: .unknownCategory)
            }
            workspace.doubles[operands.output.offset + index] = code
        }
    }
}
