internal import ModelIR

extension Binning: OperatorTyping {
    /// scikit-learn refuses NaN here.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64, width: edges.count)
        for origin in input.origins { context.refuseMissing(origin) }
        return ValueType(
            .float64, origins: input.origins.map { ValueOrigin(inputColumn: $0.inputColumn, mayBeMissing: false) })
    }
}
