internal import ModelIR
internal import TensorCore

extension TableSum: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let width = bias.count
        let output = operands.output.offset
        for index in 0..<width { workspace.doubles[output + index] = 0 }
        for column in 0..<operands.input.width {
            let value = workspace.doubles[operands.input.offset + column].rounded(.towardZero)
            let count = starts[column + 1] - starts[column]
            guard value >= 0, value < Double(count) else {
                throw RowFault(row: row, column: operands.input.inputColumns[column] ?? 0, reason: .unknownCategory)
            }
            let start = (starts[column] + Int(value)) * width
            for index in 0..<width { workspace.doubles[output + index] += values[start + index] }
        }
        for index in 0..<width { workspace.doubles[output + index] += bias[index] }
    }
}
