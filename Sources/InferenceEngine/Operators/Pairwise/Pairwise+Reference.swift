internal import ModelIR
internal import TensorCore

extension Pairwise: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for reference in 0..<count {
            let ranking = measure.ranking(
                workspace.doubles, at: operands.input.offset, references, at: reference * inputWidth, width: inputWidth)
            workspace.doubles[operands.output.offset + reference] = measure.value(ofRanking: ranking)
        }
    }
}
