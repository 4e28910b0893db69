internal import ModelIR

extension LocalOutlierFactor: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64)
        guard input.width > 0, input.width.isMultiple(of: 2), !reaches.isEmpty, reaches.count == densities.count else {
            throw context.refusal(input.text, "distances and indices of \(reaches.count) points")
        }
        return ValueType(.float64, computedWidth: 1)
    }
}
