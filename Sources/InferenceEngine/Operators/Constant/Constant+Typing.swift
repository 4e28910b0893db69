internal import ModelIR

extension Constant: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard inputs.isEmpty else { throw context.refusal("\(inputs.count) inputs", "none") }
        return ValueType(.float64, computedWidth: try context.totalWidth([values.count]))
    }
}
