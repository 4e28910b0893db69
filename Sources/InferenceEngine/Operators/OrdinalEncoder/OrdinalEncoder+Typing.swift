internal import ModelIR

extension OrdinalEncoder: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs)
        guard input.kind == .float64 || input.kind == .string, input.width == features.count else {
            throw context.refusal(input.text, "float64 or string of width \(features.count)")
        }
        var origins: [ValueOrigin] = []
        origins.reserveCapacity(features.count)
        for (index, feature) in features.enumerated() {
            switch (feature.categories, input.kind) {
            case (.numbers, .float64), (.strings, .string): break
            default:
                throw context.refusal(
                    "categories of another type than \(input.text)", "the type of column \(index)")
            }
            guard feature.codes.count == feature.categories.count else {
                throw context.refusal(
                    "\(feature.codes.count) codes for the \(feature.categories.count) categories of column \(index)",
                    "one a category")
            }
            let origin = input.origins[index]
            if case .strings(let categories) = feature.categories {
                context.note(categories: categories.compactMap { $0 }, of: origin)
            }
            let missingCode = feature.categories.missingIndex.map { feature.codes[$0] } ?? feature.unknownCode
            if missingCode == nil { context.refuseMissing(origin) }
            // A code that is NaN is missing for what follows, whatever value it stands for.
            let isUnsettled = feature.unknownCode?.isNaN == true
            let staysMissing = origin.mayBeMissing && missingCode?.isNaN == true
            origins.append(
                ValueOrigin(
                    inputColumn: origin.inputColumn, mayBeMissing: isUnsettled || staysMissing,
                    isUnsettled: isUnsettled))
        }
        return ValueType(.float64, origins: origins)
    }
}
