internal import ModelIR

extension CategoryMapper: OperatorTyping {
    /// A missing value, and one that is no category, comes out missing.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs)
        guard input.kind == .float64 || input.kind == .string, input.width == features.count else {
            throw context.refusal(input.text, "float64 or string of width \(features.count)")
        }
        var origins: [ValueOrigin] = []
        for (index, categories) in features.enumerated() {
            switch (categories, input.kind) {
            case (.strings(let known), .string):
                context.note(categories: known.compactMap { $0 }, of: input.origins[index])
            case (.numbers, .float64): break
            default:
                throw context.refusal(
                    "categories of another type than \(input.text)", "the type of column \(index)")
            }
            origins.append(ValueOrigin(inputColumn: input.origins[index].inputColumn, mayBeMissing: true))
        }
        return ValueType(.float64, origins: origins)
    }
}
