internal import ModelIR
internal import TensorCore

extension OneHotEncoder: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input
        for place in operands.output.range { workspace.doubles[place] = 0 }
        var start = operands.output.offset
        for (index, feature) in features.enumerated() {
            let category =
                switch feature.categories {
                case .numbers(let values): Self.index(of: workspace.doubles[input.offset + index], in: values)
                case .strings(let values):
                    Self.index(of: workspace.texts[input.offset + index], in: values, row: row, of: rows)
                }
            if let category {
                let indicator = feature.indicators[category]
                if indicator >= 0 { workspace.doubles[start + indicator] = 1 }
            } else {
                switch unknown {
                case .refuse:
                    throw RowFault(row: row, column: input.inputColumns[index] ?? 0, reason: .unknownCategory)
                case .allZero: break
                case .infrequent:
                    if let indicator = feature.infrequentIndicator { workspace.doubles[start + indicator] = 1 }
                }
            }
            start += feature.width
        }
    }

    static func index(of value: Double, in categories: [Double]) -> Int? {
        for (index, category) in categories.enumerated()
        where category == value || (category.isNaN && value.isNaN) {
            return index
        }
        return nil
    }

    static func index(
        of text: TextReference, in categories: [String?], row: Int, of rows: borrowing RowBatch
    ) -> Int? {
        for index in categories.indices {
            let category = categories[index]
            switch text {
            case .missing:
                if category == nil { return index }
            case .constant(let string):
                if let category, category.utf8.elementsEqual(string.utf8) { return index }
            case .input(let column):
                if let category, isEqual(category, rows.stringBytes(row: row, column: column)) { return index }
            }
        }
        return nil
    }

    /// Byte for byte: Swift's `==` would also take canonically equivalent strings for equal.
    private static func isEqual(_ category: String, _ bytes: Span<UInt8>) -> Bool {
        guard category.utf8.count == bytes.count else { return false }
        var index = 0
        for byte in category.utf8 {
            if byte != bytes[index] { return false }
            index += 1
        }
        return true
    }
}
