internal import ModelIR

extension ClassIndicator: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .classIndex)
        guard input.classCounts == [columns.count], columns.allSatisfy({ $0 >= 0 && $0 < width }) else {
            throw context.refusal(
                "columns of \(columns.count) classes among \(width)", "those of \(input.classCounts.first ?? 0) classes"
            )
        }
        return ValueType(.float64, computedWidth: try context.totalWidth([width]))
    }
}
