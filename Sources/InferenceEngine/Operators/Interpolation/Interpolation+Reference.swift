internal import ModelIR
internal import TensorCore

extension Interpolation: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            let value = workspace.doubles[operands.input.offset + column]
            workspace.doubles[operands.output.offset + column] = curves[column].value(at: value)
        }
    }
}

extension Interpolation.Curve {
    /// The curve's value, in NumPy's order of operations; NaN at NaN.
    func value(at place: Double) -> Double {
        let last = x.count - 1
        // One point is a constant, also far from it.
        if last == 0, !place.isNaN { return y[0] }
        if place.isNaN || (outside == .missing && (place < x[0] || place > x[last])) { return .nan }
        if place < x[0] { return y[0] }
        if place >= x[last] { return y[last] }
        // The last x at or before the place.
        var low = 0
        var high = last
        while high - low > 1 {
            let middle = (low + high) / 2
            if x[middle] <= place { low = middle } else { high = middle }
        }
        if place == x[low] { return y[low] }
        let slope = (y[low + 1] - y[low]) / (x[low + 1] - x[low])
        return slope * (place - x[low]) + y[low]
    }
}
