internal import ModelIR
internal import TensorCore

extension RowNormalizer: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        var size = Size()
        for place in operands.input.range { size.add(workspace.doubles[place], norm: norm) }
        let divisor = divisor(size)
        for index in 0..<operands.input.width {
            workspace.doubles[operands.output.offset + index] =
                workspace.doubles[operands.input.offset + index] / divisor
        }
    }

    /// What adds up to a row's norm.
    struct Size {
        fileprivate var sum = 0.0

        mutating func add(_ value: Double, norm: Norm) {
            switch norm {
            case .l1: sum += abs(value)
            case .l2: sum += value * value
            case .max: sum = Swift.max(sum, abs(value))
            }
        }
    }

    /// What the row's elements are divided by.
    func divisor(_ size: Size) -> Double {
        let length = norm == .l2 ? size.sum.squareRoot() : size.sum
        return length == 0 || length < normMin ? 1 : length
    }
}
