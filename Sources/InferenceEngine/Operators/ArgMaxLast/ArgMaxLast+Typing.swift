internal import ModelIR

extension ArgMaxLast: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64)
        guard input.width > 0 else { throw context.refusal(input.text, "at least one column") }
        return .classIndex(of: input.width)
    }
}
