internal import ModelIR

extension NearestNeighbors: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        try context.checkPoints(points, count: count, width: inputWidth, measure: measure)
        guard measure.isDistance, neighborCount > 0, neighborCount <= count else {
            throw context.refusal("\(neighborCount) neighbours", "1 to \(count), by a distance")
        }
        if case .tree(let tree) = search, !tree.isSound(pointCount: count, width: inputWidth) {
            throw context.refusal("a tree of other points", "each of \(count) points in one leaf")
        }
        guard targetGroups.isEmpty || targetGroups.count == count else {
            throw context.refusal("\(targetGroups.count) targets", "one for each of \(count) points")
        }
        let input = try context.single(inputs, .float64, width: inputWidth)
        for origin in input.origins { context.refuseMissing(origin) }
        return ValueType(.float64, computedWidth: try context.totalWidth([neighborCount, neighborCount]))
    }
}
