internal import ModelIR

extension OneHotEncoder: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs)
        guard input.kind == .float64 || input.kind == .string, input.width == features.count else {
            throw context.refusal(input.text, "float64 or string of width \(features.count)")
        }
        let width = try context.totalWidth(features.lazy.map(\.width))
        var origins: [ValueOrigin] = []
        origins.reserveCapacity(width)
        for (index, feature) in features.enumerated() {
            try feature.check(index, input: input, in: context)
            let origin = input.origins[index]
            if unknown == .refuse, feature.categories.missingIndex == nil { context.refuseMissing(origin) }
            if case .strings(let categories) = feature.categories {
                context.note(categories: categories.compactMap { $0 }, of: origin)
            }
            let indicator = ValueOrigin(inputColumn: origin.inputColumn, mayBeMissing: false)
            for _ in 0..<feature.width { origins.append(indicator) }
        }
        return ValueType(.float64, origins: origins)
    }
}

extension OneHotEncoder.Feature {
    fileprivate func check(_ index: Int, input: ValueType, in context: TypingContext) throws(ImportError) {
        switch (categories, input.kind) {
        case (.numbers, .float64), (.strings, .string): break
        default: throw context.refusal("categories of another type than \(input.text)", "the type of column \(index)")
        }
        guard indicators.count == categories.count else {
            throw context.refusal(
                "\(indicators.count) indicators for the \(categories.count) categories of column \(index)",
                "one a category")
        }
        for indicator in indicators where indicator < -1 || indicator >= width {
            throw context.refusal("indicator \(indicator) in column \(index)", "-1..<\(width)")
        }
        if let infrequentIndicator, infrequentIndicator < 0 || infrequentIndicator >= width {
            throw context.refusal("infrequent indicator \(infrequentIndicator) in column \(index)", "0..<\(width)")
        }
    }
}
