internal import ModelIR

extension Imputer: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64, width: replacements.count)
        for origin in input.origins { context.refuseInfinity(origin) }
        if !missingValue.isNaN {
            // scikit-learn refuses NaN where another value stands for what is missing.
            for origin in input.origins { context.refuseMissing(origin) }
        }
        var origins: [ValueOrigin] = []
        for (origin, replacement) in zip(input.origins, replacements) {
            origins.append(
                ValueOrigin(inputColumn: origin.inputColumn, mayBeMissing: origin.mayBeMissing && replacement.isNaN))
        }
        return ValueType(.float64, origins: origins)
    }
}
