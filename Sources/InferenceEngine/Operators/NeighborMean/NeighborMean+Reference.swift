internal import ModelIR
internal import TensorCore

extension NeighborMean: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let neighborCount = operands.input.width / 2
        let distances = operands.input.offset
        var hasZero = false
        if weights == .inverseDistance {
            for index in 0..<neighborCount where (1 / workspace.doubles[distances + index]).isInfinite {
                hasZero = true
            }
        }
        let output = operands.output.range
        for index in output { workspace.doubles[index] = 0 }
        var total = 0.0
        for index in 0..<neighborCount {
            let weight = weights.weight(ofDistance: workspace.doubles[distances + index], hasZero: hasZero)
            let point = Int(workspace.doubles[distances + neighborCount + index])
            total += weight
            targets.add(point: point, weight: weight, to: &workspace.doubles, at: output.lowerBound)
        }
        targets.finish(&workspace.doubles, at: output, total: total)
    }
}

extension NeighborWeights {
    func weight(ofDistance distance: Double, hasZero: Bool) -> Double {
        switch self {
        case .uniform: 1
        case .inverseDistance: hasZero ? ((1 / distance).isInfinite ? 1 : 0) : 1 / distance
        }
    }
}

extension NeighborTargets {
    /// Counts one neighbour.
    func add(point: Int, weight: Double, to values: inout [Double], at output: Int) {
        switch self {
        case .classes(let classes, _):
            values[output + Int(classes[point])] += weight
        case .numbers(let numbers, let width):
            for index in 0..<width { values[output + index] += weight * numbers[point * width + index] }
        }
    }

    /// Divides by the total. Where scikit-learn finds no weight at all, probabilities stay zero.
    func finish(_ values: inout [Double], at output: Range<Int>, total: Double) {
        var divisor = total
        if case .classes = self {
            divisor = 0
            for index in output { divisor += values[index] }
            if divisor == 0 { divisor = 1 }
        }
        for index in output { values[index] /= divisor }
    }
}
