internal import ModelIR
internal import TensorCore

extension PairDecisions: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let kernel = operands.input.offset
        var pair = 0
        for first in 0..<classCount {
            for second in first + 1..<classCount {
                var sum = 0.0
                let ofFirst = (second - 1) * vectorCount
                for vector in starts[first]..<starts[first + 1] {
                    sum += coefficients[ofFirst + vector] * workspace.doubles[kernel + vector]
                }
                let ofSecond = first * vectorCount
                for vector in starts[second]..<starts[second + 1] {
                    sum += coefficients[ofSecond + vector] * workspace.doubles[kernel + vector]
                }
                workspace.doubles[operands.output.offset + pair] = sum + intercepts[pair]
                pair += 1
            }
        }
    }
}
