internal import ModelIR
internal import TensorCore

extension Elementwise: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            let left = workspace.doubles[operands.inputs[0].offset + column]
            let right = workspace.doubles[operands.inputs[1].offset + column]
            workspace.doubles[operands.output.offset + column] =
                switch self {
                case .add: left + right
                case .multiply: left * right
                }
        }
    }
}
