internal import ModelIR

extension Combination: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard let first = inputs.first, inputs.count == count, weights.isEmpty || weights.count == count else {
            throw context.refusal(
                "\(inputs.count) inputs and \(weights.count) weights",
                "\(count) inputs, at least one, and a weight each")
        }
        for input in inputs where input.kind != .float64 || input.width != first.width {
            throw context.refusal(input.text, "float64 of width \(first.width)")
        }
        return ValueType(.float64, computedWidth: first.width)
    }
}
