internal import ModelIR

extension RadiusNeighbors: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        try context.checkPoints(points, count: count, width: inputWidth, measure: measure)
        guard measure.isDistance, count > 0, targets.covers(pointCount: count) else {
            throw context.refusal("targets that do not fit", "one for each of \(count) points, and a distance")
        }
        var classCount = 0
        if case .classes(_, let count) = targets { classCount = count }
        if let classOfOutliers, !(0..<classCount).contains(classOfOutliers) {
            throw context.refusal("class \(classOfOutliers) for outliers", "one of \(classCount)")
        }
        let input = try context.single(inputs, .float64, width: inputWidth)
        for origin in input.origins { context.refuseMissing(origin) }
        return ValueType(.float64, computedWidth: try context.totalWidth([targets.width]))
    }
}
