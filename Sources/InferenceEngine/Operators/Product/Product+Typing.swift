internal import ModelIR

extension Product: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard inputs.count == 2, inputs.allSatisfy({ $0.kind == .float64 && $0.width == inputs[0].width }) else {
            throw context.refusal(
                inputs.map(\.text).joined(separator: " and "), "two inputs of float64 of one width")
        }
        return ValueType(.float64, computedWidth: inputs[0].width)
    }
}
