internal import ModelIR

extension ClassValue: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .classIndex)
        guard input.classCounts == [values.count] else {
            throw context.refusal("\(values.count) numbers", "\(input.classCounts.first ?? 0), one a class")
        }
        return ValueType(.float64, computedWidth: 1)
    }
}
