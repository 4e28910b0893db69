internal import TensorCore

extension PairVote: ReferenceEvaluation {
    var scratchCount: Int { classCount }

    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let votes = operands.scratch
        for index in 0..<classCount { workspace.doubles[votes + index] = 0 }
        var pair = operands.input.offset
        for first in 0..<classCount {
            for second in first + 1..<classCount {
                workspace.doubles[votes + (workspace.doubles[pair] > 0 ? first : second)] += 1
                pair += 1
            }
        }
        var best = 0
        for index in 0..<classCount where workspace.doubles[votes + index] > workspace.doubles[votes + best] {
            best = index
        }
        workspace.integers[operands.output.offset] = Int32(best)
    }
}
