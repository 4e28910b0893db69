internal import ModelIR

extension CategoryHash: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .string)
        // CatBoost refuses a missing category.
        for origin in input.origins { context.refuseMissing(origin) }
        return ValueType(
            .float64, origins: input.origins.map { ValueOrigin(inputColumn: $0.inputColumn, mayBeMissing: false) })
    }
}
