internal import ModelIR

extension ElementwiseFunction: OperatorTyping {
    /// A missing value stays missing.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        if case .clip(let lower, let upper) = self, !(lower <= upper) {
            throw context.refusal("the bounds \(lower) and \(upper)", "bounds in ascending order")
        }
        return try context.single(inputs, .float64)
    }
}
