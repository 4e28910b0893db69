internal import ModelIR
internal import TensorCore

extension TreeLeaves: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        try ensemble.refuseInfinities(operands.input, row: row, in: workspace)
        for tree in origins.indices {
            let leaf = ensemble.leaf(ofTree: tree, input: operands.input, in: workspace)
            workspace.doubles[operands.output.offset + tree] = Double(leaf - Int(origins[tree]))
        }
    }
}
