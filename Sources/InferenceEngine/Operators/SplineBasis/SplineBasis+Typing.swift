internal import ModelIR

extension SplineBasis: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64, width: features.count)
        guard degree >= 0, degree <= Self.degreeMax, splineCount > 0 else {
            throw context.refusal("degree \(degree)", "0...\(Self.degreeMax)")
        }
        let width = splineCount.multipliedReportingOverflow(by: features.count)
        _ = try context.totalWidth([width.overflow ? .max : width.partialValue])
        for (column, feature) in features.enumerated() {
            let count = feature.knots.count - degree - 1
            guard count == splineCount + (extrapolation == .periodic ? degree : 0), count > degree,
                feature.continuedCount <= splineCount, feature.lower.values.count == count,
                feature.upper.values.count == count
            else {
                throw context.refusal(
                    "\(feature.knots.count) knots in column \(column)", "those of \(splineCount) splines")
            }
            if !acceptsMissing { context.refuseMissing(input.origins[column]) }
        }
        return ValueType(.float64, computedWidth: width.partialValue)
    }
}
