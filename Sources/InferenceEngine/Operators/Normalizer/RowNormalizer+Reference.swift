internal import ModelIR
internal import TensorCore

extension RowNormalizer: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        var size = 0.0
        for place in operands.input.range {
            let value = workspace.doubles[place]
            switch norm {
            case .l1: size += abs(value)
            case .l2: size += value * value
            case .max: size = Swift.max(size, abs(value))
            }
        }
        if norm == .l2 { size = size.squareRoot() }
        if size == 0 || size < normMin { size = 1 }
        for index in 0..<operands.input.width {
            workspace.doubles[operands.output.offset + index] =
                workspace.doubles[operands.input.offset + index] / size
        }
    }
}
