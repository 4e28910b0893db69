internal import ModelIR

extension GatherColumns: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs)
        guard input.kind != .classIndex else { throw context.refusal(input.text, "numbers or strings") }
        _ = try context.totalWidth([columns.count])
        for column in columns where !input.origins.indices.contains(column) {
            throw context.refusal("column \(column)", "a column of the \(input.width) of the matrix")
        }
        return ValueType(input.kind, origins: columns.map { input.origins[$0] })
    }
}
