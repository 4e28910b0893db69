internal import ModelIR
internal import TensorCore

extension Combination: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            var sum = 0.0
            for (index, input) in operands.inputs.enumerated() {
                let value = workspace.doubles[input.offset + column]
                sum += weights.isEmpty ? value : value * weights[index]
            }
            workspace.doubles[operands.output.offset + column] = sum / divisor
        }
    }
}
