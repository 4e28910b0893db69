internal import ModelIR

extension ArgMax: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.singleNumber(inputs)
        guard input.width > 0 else { throw context.refusal(input.text, "at least one column") }
        return .classIndex(of: input.width)
    }
}
