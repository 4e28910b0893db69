internal import ModelIR

extension Widen: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float32)
        return ValueType(.float64, origins: input.origins)
    }
}
