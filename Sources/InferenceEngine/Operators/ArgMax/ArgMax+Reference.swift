internal import ModelIR
internal import TensorCore

extension ArgMax: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let range = operands.input.range
        let best =
            operands.input.kind == .float32
            ? Activation.firstMaximum(of: workspace.floats, at: range)
            : Activation.firstMaximum(of: workspace.doubles, at: range)
        workspace.integers[operands.output.offset] = Int32(best - range.lowerBound)
    }
}
