internal import ModelIR
internal import TensorCore

extension Scaler: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            let value = workspace.doubles[operands.input.offset + column]
            workspace.doubles[operands.output.offset + column] = scaled(value, column: column)
        }
    }

    /// One element, in the library's order of operations.
    func scaled(_ value: Double, column: Int) -> Double {
        let result =
            switch form {
            case .subtractDivide: (value - offset[column]) / scale[column]
            case .multiplyAdd: value * scale[column] + offset[column]
            }
        guard let clip else { return result }
        // Written so that NaN passes, as in NumPy's clip.
        if result < clip.lowerBound { return clip.lowerBound }
        if result > clip.upperBound { return clip.upperBound }
        return result
    }
}
