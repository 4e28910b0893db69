internal import ModelIR

extension Scaler: OperatorTyping {
    /// A missing value passes through: scikit-learn's scalers accept NaN and give NaN.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard offset.count == scale.count else {
            throw context.refusal("\(offset.count) offsets and \(scale.count) scales", "one of each a column")
        }
        let input = try context.single(inputs, .float64, width: scale.count)
        for origin in input.origins { context.refuseInfinity(origin) }
        return input
    }
}
