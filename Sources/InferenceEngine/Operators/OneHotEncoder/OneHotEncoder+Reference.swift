internal import ModelIR
internal import TensorCore

extension OneHotEncoder: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input
        for place in operands.output.range { workspace.doubles[place] = 0 }
        var start = operands.output.offset
        for (index, feature) in features.enumerated() {
            let category = feature.categories.index(
                ofElement: input.offset + index, row: row, of: rows, in: workspace)
            if let category {
                let indicator = feature.indicators[category]
                if indicator >= 0 { workspace.doubles[start + indicator] = 1 }
            } else {
                switch unknown {
                case .refuse:
                    throw RowFault(row: row, column: input.inputColumns[index] ?? 0, reason: .unknownCategory)
                case .allZero: break
                case .infrequent:
                    if let indicator = feature.infrequentIndicator { workspace.doubles[start + indicator] = 1 }
                }
            }
            start += feature.width
        }
    }
}
