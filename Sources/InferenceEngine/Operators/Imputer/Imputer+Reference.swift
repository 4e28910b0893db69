internal import ModelIR
internal import TensorCore

extension Imputer: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            let value = workspace.doubles[operands.input.offset + column]
            let isMissing = missingValue.isNaN ? value.isNaN : value == missingValue
            workspace.doubles[operands.output.offset + column] = isMissing ? replacements[column] : value
        }
    }
}
