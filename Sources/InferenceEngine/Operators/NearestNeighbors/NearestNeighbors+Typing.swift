internal import ModelIR

extension NearestNeighbors: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        try context.checkPoints(points, count: count, width: inputWidth, measure: measure)
        guard measure.isDistance, neighborCount > 0, neighborCount <= count else {
            throw context.refusal("\(neighborCount) neighbours", "1 to \(count), by a distance")
        }
        let input = try context.single(inputs, .float64, width: inputWidth)
        for origin in input.origins { context.refuseMissing(origin) }
        return ValueType(.float64, computedWidth: try context.totalWidth([neighborCount, neighborCount]))
    }
}
