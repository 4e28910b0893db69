internal import ModelIR

extension Pairwise: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        try context.checkPoints(references, count: count, width: inputWidth, measure: measure)
        let input = try context.single(inputs, .float64, width: inputWidth)
        // scikit-learn refuses NaN wherever it measures distances.
        for origin in input.origins { context.refuseMissing(origin) }
        return ValueType(.float64, computedWidth: try context.totalWidth([count]))
    }
}

extension TypingContext {
    /// Checks a matrix of reference points.
    func checkPoints(
        _ points: [Double], count: Int, width: Int, measure: PairwiseMeasure
    ) throws(ImportError) {
        let (expected, overflow) = count.multipliedReportingOverflow(by: width)
        guard count >= 0, width > 0, !overflow, points.count == expected else {
            throw refusal("\(points.count) numbers", "\(count) points of \(width) columns, one or more columns")
        }
        if case .standardizedSquares(let variances) = measure, variances.count != points.count {
            throw refusal("\(variances.count) variances", "one for each of \(points.count) numbers")
        }
    }
}
