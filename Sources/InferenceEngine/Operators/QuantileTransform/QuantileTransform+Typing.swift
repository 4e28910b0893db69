internal import ModelIR

extension QuantileTransform: OperatorTyping {
    /// A missing value stays missing.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard let first = references.first, references.allSatisfy({ $0 >= first }) else {
            throw context.refusal("\(references.count) references", "at least one, ascending")
        }
        for (column, values) in quantiles.enumerated() where values.count != references.count {
            throw context.refusal("\(values.count) quantiles in column \(column)", "\(references.count)")
        }
        let input = try context.single(inputs, .float64, width: quantiles.count)
        for origin in input.origins { context.refuseInfinity(origin) }
        return input
    }
}
