internal import TensorCore

extension ArgMaxLast: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        var best = operands.input.offset
        for place in operands.input.range where workspace.doubles[place] >= workspace.doubles[best] { best = place }
        workspace.integers[operands.output.offset] = Int32(best - operands.input.offset)
    }
}
