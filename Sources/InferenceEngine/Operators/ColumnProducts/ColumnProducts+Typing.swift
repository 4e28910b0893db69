internal import ModelIR

extension ColumnProducts: OperatorTyping {
    /// scikit-learn refuses NaN here.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64)
        _ = try context.totalWidth([terms.count])
        for origin in input.origins { context.refuseMissing(origin) }
        for (index, term) in terms.enumerated() {
            if let column = term.column, !input.origins.indices.contains(column) {
                throw context.refusal("column \(column)", "a column of the \(input.width) of the matrix")
            }
            if let earlier = term.earlier, !(0..<index).contains(earlier) {
                throw context.refusal("product \(earlier) in product \(index)", "an earlier one")
            }
        }
        return ValueType(.float64, computedWidth: terms.count)
    }
}
