internal import ModelIR

extension Concat: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard let first = inputs.first else { throw context.refusal("no inputs", "at least one input") }
        for input in inputs where input.kind != first.kind {
            throw context.refusal("\(first.text) beside \(input.text)", "numbers of one type, strings, or classes")
        }
        _ = try context.totalWidth(inputs.lazy.map(\.width))
        if first.kind == .classIndex { return .classIndices(of: inputs.flatMap(\.classCounts)) }
        return ValueType(first.kind, origins: inputs.flatMap(\.origins))
    }
}
