internal import ModelIR

extension SumOfSquares: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64)
        guard groupWidth > 0, input.width.isMultiple(of: groupWidth) else {
            throw context.refusal(input.text, "groups of \(groupWidth) columns")
        }
        return ValueType(.float64, computedWidth: input.width / groupWidth)
    }
}
