internal import ModelIR
internal import TensorCore

extension MissingValue: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.input.width {
            let number = workspace.doubles[operands.input.offset + column]
            // XGBoost compares after narrowing.
            let isMissing = Float(number) == Float(value)
            workspace.doubles[operands.output.offset + column] = isMissing ? .nan : number
        }
    }
}
