internal import ModelIR
internal import TensorCore

extension Binning: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in edges.indices {
            var value = workspace.doubles[operands.input.offset + column]
            if isTolerant { value += 1e-8 + 1e-5 * abs(value) }
            var low = 0
            var high = edges[column].count
            while low < high {
                let middle = (low + high) / 2
                if edges[column][middle] <= value { low = middle + 1 } else { high = middle }
            }
            workspace.doubles[operands.output.offset + column] = Double(low)
        }
    }
}
