internal import ModelIR

extension TreeLeaves: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.singleNumber(inputs)
        guard input.width == ensemble.featureCount else {
            throw context.refusal(input.text, "numbers of width \(ensemble.featureCount)")
        }
        guard origins.count == ensemble.treeCount else {
            throw context.refusal("\(origins.count) origins", "\(ensemble.treeCount), one a tree")
        }
        _ = try context.totalWidth([origins.count])
        try ensemble.verify(place: context.path)
        return ValueType(.float64, computedWidth: origins.count)
    }
}
