internal import ModelIR
internal import TensorCore

extension CategoryCTR: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for (index, feature) in features.enumerated() {
            var hash: UInt64 = 0
            for element in feature.elements {
                let value: UInt64 =
                    switch element {
                    case .category(let column):
                        UInt64(bitPattern: Int64(workspace.number(operands.input, column)))
                    case .above(let column, let threshold, let missingIsAbove):
                        Self.isAbove(workspace.number(operands.input, column), threshold, missingIsAbove) ? 1 : 0
                    case .equals(let column, let hash):
                        workspace.number(operands.input, column) == Double(hash) ? 1 : 0
                    }
                hash = Self.combined(hash, value)
            }
            workspace.doubles[operands.output.offset + index] = Double(statistic(feature, hash: hash))
        }
    }

    private static func isAbove(_ value: Double, _ threshold: Double, _ missingIsAbove: Bool) -> Bool {
        value.isNaN ? missingIsAbove : value > threshold
    }

    /// CatBoost's `CalcHash`.
    private static func combined(_ hash: UInt64, _ value: UInt64) -> UInt64 {
        let factor: UInt64 = 0x4906_ba49_4954_cb65
        return factor &* (hash &+ factor &* value)
    }

    private func statistic(_ feature: Feature, hash: UInt64) -> Float {
        let table = tables[feature.table]
        let start = table.place(of: hash).map { $0 * table.width }
        var numerator: Float = 0
        var denominator: Float = 0
        if let start {
            switch feature.statistic {
            case .borders(let border):
                for index in 0..<table.width {
                    if index > border { numerator += table.values[start + index] }
                    denominator += table.values[start + index]
                }
            case .buckets(let bucket):
                numerator = table.values[start + bucket]
                for index in 0..<table.width { denominator += table.values[start + index] }
            case .mean: (numerator, denominator) = (table.values[start], table.values[start + 1])
            case .counter: numerator = table.values[start]
            }
        }
        if feature.statistic == .counter { denominator = table.denominator }
        let share = (numerator + feature.priorNumerator) / (denominator + feature.priorDenominator)
        return (share + feature.shift) * feature.scale
    }
}

extension CategoryCTR.Table {
    /// The row of a combination, by binary search.
    fileprivate func place(of hash: UInt64) -> Int? {
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low < hashes.count && hashes[low] == hash ? low : nil
    }
}
