internal import ModelIR
internal import TensorCore

extension CategoryMapper: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input
        for (index, categories) in features.enumerated() {
            let code: Int? =
                switch categories {
                case .numbers(let values):
                    OneHotEncoder.index(of: workspace.doubles[input.offset + index], in: values)
                case .strings(let values):
                    OneHotEncoder.index(of: workspace.texts[input.offset + index], in: values, row: row, of: rows)
                }
            workspace.doubles[operands.output.offset + index] = code.map { Double($0) } ?? .nan
        }
    }
}
