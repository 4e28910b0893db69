internal import ModelIR

extension StringImputer: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .string, width: replacements.count)
        if missingText != nil {
            for origin in input.origins { context.refuseMissing(origin) }
        }
        return ValueType(
            .string, origins: input.origins.map { ValueOrigin(inputColumn: $0.inputColumn, mayBeMissing: false) })
    }
}
