internal import ModelIR

extension Gemm: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let (expected, overflow) = outputWidth.multipliedReportingOverflow(by: inputWidth)
        guard outputWidth > 0, inputWidth >= 0, !overflow, weights.count == expected else {
            throw context.refusal(
                "\(weights.count) weights", "\(outputWidth) outputs x \(inputWidth) inputs, one or more outputs")
        }
        _ = try context.totalWidth([outputWidth])
        let input = try context.single(inputs, .float64, width: inputWidth)
        // scikit-learn's linear models refuse NaN, also where its weight is zero.
        for origin in input.origins { context.refuseMissing(origin) }
        return ValueType(.float64, computedWidth: outputWidth)
    }
}
