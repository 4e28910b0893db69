internal import TensorCore

extension SumOfSquares: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for group in 0..<operands.output.width {
            var sum = 0.0
            let start = operands.input.offset + group * groupWidth
            for place in start..<start + groupWidth { sum += workspace.doubles[place] * workspace.doubles[place] }
            workspace.doubles[operands.output.offset + group] = sum
        }
    }
}
