internal import TensorCore

extension PairScores: ReferenceEvaluation {
    /// The sums of decisions.
    var scratchCount: Int { classCount }

    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let votes = operands.output.offset
        let sums = operands.scratch
        for index in 0..<classCount {
            workspace.doubles[votes + index] = 0
            workspace.doubles[sums + index] = 0
        }
        var pair = operands.input.offset
        for first in 0..<classCount {
            for second in first + 1..<classCount {
                let decision = workspace.doubles[pair]
                workspace.doubles[sums + first] += decision
                workspace.doubles[sums + second] -= decision
                workspace.doubles[votes + (decision < 0 ? second : first)] += 1
                pair += 1
            }
        }
        for index in 0..<classCount {
            let sum = workspace.doubles[sums + index]
            workspace.doubles[votes + index] += sum / (3 * (abs(sum) + 1))
        }
    }
}
