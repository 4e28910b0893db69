internal import ModelIR

extension RowNormalizer: OperatorTyping {
    /// scikit-learn refuses NaN here.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64)
        for origin in input.origins { context.refuseMissing(origin) }
        return ValueType(.float64, computedWidth: input.width)
    }
}
