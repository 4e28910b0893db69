internal import ModelIR

extension WeightedMedian: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        _ = try context.single(inputs, .float64, width: weights.count)
        guard !weights.isEmpty else { throw context.refusal("no columns", "at least one") }
        return ValueType(.float64, computedWidth: 1)
    }
}
