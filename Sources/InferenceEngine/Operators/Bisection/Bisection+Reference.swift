internal import ModelIR
internal import TensorCore

extension Bisection: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        var node = 0
        while true {
            let left = operands.input.offset + 2 * node
            let child = children[2 * node + (workspace.doubles[left + 1] > workspace.doubles[left] ? 1 : 0)]
            guard child >= 0 else {
                workspace.integers[operands.output.offset] = ~child
                return
            }
            node = Int(child)
        }
    }
}
