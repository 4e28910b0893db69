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
            if code == nil, refusesUnknown, !isMissing(index, input, in: workspace) {
                throw RowFault(row: row, column: input.inputColumns[index] ?? 0, reason: .unknownCategory)
            }
            workspace.doubles[operands.output.offset + index] = code.map { Double($0) } ?? .nan
        }
    }

    private func isMissing(_ index: Int, _ input: ValuePlace, in workspace: Workspace) -> Bool {
        guard input.kind == .string else { return workspace.doubles[input.offset + index].isNaN }
        if case .missing = workspace.texts[input.offset + index] { return true }
        return false
    }
}
