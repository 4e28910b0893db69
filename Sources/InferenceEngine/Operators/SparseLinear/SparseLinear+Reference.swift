internal import ModelIR
internal import TensorCore

extension SparseLinear: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input
        for column in 0..<featureCount where workspace.doubles[input.offset + column].isInfiniteAsFloat {
            throw RowFault(row: row, column: input.inputColumns[column] ?? 0, reason: .exceedsFloat32)
        }
        for group in 0..<groupCount {
            var sum = starts[group]
            for column in 0..<featureCount {
                let value = Float(workspace.doubles[input.offset + column])
                if !value.isNaN { sum += value * weights[column * groupCount + group] }
            }
            workspace.floats[operands.output.offset + group] = sum
        }
    }
}
