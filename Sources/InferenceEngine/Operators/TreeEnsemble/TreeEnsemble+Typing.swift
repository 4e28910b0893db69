internal import ModelIR

extension TreeEnsemble: OperatorTyping {
    /// A missing value goes a node's own way, so every column accepts it, unless the library refuses it.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.singleNumber(inputs)
        guard input.width == featureCount else {
            throw context.refusal(input.text, "numbers of width \(featureCount)")
        }
        _ = try context.totalWidth([groupCount])
        try verify(place: context.path)
        if !acceptsMissing {
            for origin in input.origins { context.refuseMissing(origin) }
        }
        return ValueType(precision == .float32 ? .float32 : .float64, computedWidth: groupCount)
    }
}
