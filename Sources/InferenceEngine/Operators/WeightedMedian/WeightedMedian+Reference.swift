internal import ModelIR
internal import TensorCore

extension WeightedMedian: ReferenceEvaluation {
    /// Takes the columns in ascending order one by one, without memory to sort them in: O(columns squared).
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input
        // Weights are added up in the order of the values, so that the bound is rounded as the library rounds it.
        var total = 0.0
        var current = next(after: nil, of: input, in: workspace)
        while let column = current {
            total += weights[column]
            current = next(after: column, of: input, in: workspace)
        }
        var sum = 0.0
        var column = next(after: nil, of: input, in: workspace) ?? 0
        while true {
            sum += weights[column]
            if sum >= 0.5 * total { break }
            guard let following = next(after: column, of: input, in: workspace) else { break }
            column = following
        }
        workspace.doubles[operands.output.offset] = workspace.doubles[input.offset + column]
    }

    /// The column that follows in ascending order of values, the lower one first of equal values; NaN comes last.
    private func next(after column: Int?, of input: ValuePlace, in workspace: Workspace) -> Int? {
        var best: Int?
        for candidate in 0..<input.width {
            if let column, !Self.precedes(column, candidate, of: input, in: workspace) { continue }
            if let known = best, Self.precedes(known, candidate, of: input, in: workspace) { continue }
            best = candidate
        }
        return best
    }

    private static func precedes(_ first: Int, _ second: Int, of input: ValuePlace, in workspace: Workspace) -> Bool {
        let one = workspace.doubles[input.offset + first]
        let other = workspace.doubles[input.offset + second]
        if one < other || (other.isNaN && !one.isNaN) { return true }
        return (one == other || (one.isNaN && other.isNaN)) && first < second
    }
}
