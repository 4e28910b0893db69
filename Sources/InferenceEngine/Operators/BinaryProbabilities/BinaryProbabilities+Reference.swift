internal import TensorCore

extension BinaryProbabilities: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let output = operands.output.offset
        if operands.input.kind == .float32 {
            let probability = workspace.floats[operands.input.offset]
            workspace.floats[output] = 1 - probability
            workspace.floats[output + 1] = probability
        } else {
            let probability = workspace.doubles[operands.input.offset]
            workspace.doubles[output] = 1 - probability
            workspace.doubles[output + 1] = probability
        }
    }
}
