internal import ModelIR

extension CategoryCTR: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64)
        for table in tables {
            let (expected, overflow) = table.hashes.count.multipliedReportingOverflow(by: table.width)
            guard table.width > 0, !overflow, table.values.count == expected else {
                throw context.refusal(
                    "\(table.values.count) values of \(table.hashes.count) combinations", "\(table.width) for each")
            }
        }
        for feature in features {
            guard tables.indices.contains(feature.table) else {
                throw context.refusal("table \(feature.table)", "0..<\(tables.count)")
            }
            let width = tables[feature.table].width
            let isSound =
                switch feature.statistic {
                case .borders(let index), .buckets(let index): index >= 0 && index < width
                case .mean: width == 2
                case .counter: width == 1
                }
            guard isSound else { throw context.refusal("\(feature.statistic)", "a statistic of \(width) numbers") }
            for element in feature.elements {
                let column =
                    switch element {
                    case .category(let column), .above(let column, _, _), .equals(let column, _): column
                    }
                guard input.origins.indices.contains(column) else {
                    throw context.refusal("column \(column)", "a column of the \(input.width) of the matrix")
                }
            }
        }
        _ = try context.totalWidth([features.count])
        return ValueType(.float64, computedWidth: features.count)
    }
}
