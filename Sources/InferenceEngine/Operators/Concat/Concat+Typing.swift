internal import ModelIR

extension Concat: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard let first = inputs.first else { throw context.refusal("no inputs", "at least one input") }
        for input in inputs where input.kind != first.kind || input.kind == .classIndex {
            throw context.refusal("\(first.text) beside \(input.text)", "numbers of one type, or strings")
        }
        _ = try context.totalWidth(inputs.lazy.map(\.width))
        return ValueType(first.kind, origins: inputs.flatMap(\.origins))
    }
}
