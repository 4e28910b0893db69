internal import ModelIR
internal import TensorCore

extension PairCoupling: ReferenceEvaluation {
    /// The pairs' probabilities, Q, and Q · p.
    var scratchCount: Int { 2 * classCount * classCount + classCount }

    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let n = classCount
        let r = operands.scratch
        let p = operands.output.offset
        var pair = 0
        for first in 0..<n {
            for second in first + 1..<n {
                let decision = workspace.doubles[operands.input.offset + pair]
                let probability = Self.clamped(Double.logistic(-(decision * slopes[pair] + offsets[pair])))
                workspace.doubles[r + first * n + second] = probability
                workspace.doubles[r + second * n + first] = 1 - probability
                pair += 1
            }
        }
        fillQ(r: r, in: workspace)
        iterate(q: r + n * n, qp: r + 2 * n * n, p: p, in: workspace)
    }

    /// libsvm keeps the pairs' probabilities off 0 and 1.
    private static func clamped(_ probability: Double) -> Double { min(max(probability, 1e-7), 1 - 1e-7) }

    private func fillQ(r: Int, in workspace: Workspace) {
        let n = classCount
        let q = r + n * n
        for t in 0..<n {
            var sum = 0.0
            for j in 0..<n where j != t {
                let other = workspace.doubles[r + j * n + t]
                sum += other * other
                workspace.doubles[q + t * n + j] = -other * workspace.doubles[r + t * n + j]
            }
            workspace.doubles[q + t * n + t] = sum
        }
    }

    private func iterate(q: Int, qp: Int, p: Int, in workspace: Workspace) {
        let n = classCount
        for t in 0..<n { workspace.doubles[p + t] = 1 / Double(n) }
        for _ in 0..<max(100, n) {
            var pqp = 0.0
            for t in 0..<n {
                var sum = 0.0
                for j in 0..<n { sum += workspace.doubles[q + t * n + j] * workspace.doubles[p + j] }
                workspace.doubles[qp + t] = sum
                pqp += workspace.doubles[p + t] * sum
            }
            var worst = 0.0
            for t in 0..<n { worst = max(worst, abs(workspace.doubles[qp + t] - pqp)) }
            if worst < 0.005 / Double(n) { return }
            for t in 0..<n {
                let diagonal = workspace.doubles[q + t * n + t]
                let step = (-workspace.doubles[qp + t] + pqp) / diagonal
                workspace.doubles[p + t] += step
                pqp =
                    (pqp + step * (step * diagonal + 2 * workspace.doubles[qp + t])) / (1 + step) / (1 + step)
                for j in 0..<n {
                    workspace.doubles[qp + j] =
                        (workspace.doubles[qp + j] + step * workspace.doubles[q + t * n + j]) / (1 + step)
                    workspace.doubles[p + j] /= 1 + step
                }
            }
        }
    }
}
