internal import ModelIR

extension SparseLinear: OperatorTyping {
    /// A missing value adds nothing, so every column accepts it.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        _ = try context.single(inputs, .float64, width: featureCount)
        let (expected, overflow) = featureCount.multipliedReportingOverflow(by: groupCount)
        guard groupCount > 0, !overflow, weights.count == expected else {
            throw context.refusal("\(weights.count) weights", "\(featureCount) features x \(groupCount) scores")
        }
        _ = try context.totalWidth([groupCount])
        return ValueType(.float32, computedWidth: groupCount)
    }
}
