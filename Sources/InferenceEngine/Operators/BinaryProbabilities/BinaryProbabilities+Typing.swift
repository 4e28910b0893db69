internal import ModelIR

extension BinaryProbabilities: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.singleNumber(inputs)
        guard input.width == 1 else { throw context.refusal(input.text, "one column") }
        return ValueType(input.kind, computedWidth: 2)
    }
}
