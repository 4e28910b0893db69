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
            // What is replaced by NaN is missing for what follows, which may have to refuse it.
            let isReplaced = origin.mayBeMissing || !missingValue.isNaN
            let settled = ValueOrigin(inputColumn: origin.inputColumn, mayBeMissing: false)
            origins.append(replacement.isNaN && isReplaced ? origin.unsettled : settled)
        }
        return ValueType(.float64, origins: origins)
    }
}
