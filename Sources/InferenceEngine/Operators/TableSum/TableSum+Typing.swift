internal import ModelIR

extension TableSum: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let (expected, overflow) = (starts.last ?? 0).multipliedReportingOverflow(by: bias.count)
        guard starts.first == 0, !bias.isEmpty, !overflow, values.count == expected,
            zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
        else {
            throw context.refusal("\(values.count) numbers", "tables of \(bias.count) columns, one or more columns")
        }
        let input = try context.single(inputs, .float64, width: starts.count - 1)
        for origin in input.origins { context.refuseMissing(origin) }
        return ValueType(.float64, computedWidth: try context.totalWidth([bias.count]))
    }
}
