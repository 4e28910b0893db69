internal import ModelIR

extension NeighborMean: OperatorTyping {
    /// The indices that come in are those of the node before, which are below its own count of points.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64)
        guard input.width > 0, input.width.isMultiple(of: 2) else {
            throw context.refusal(input.text, "distances and indices")
        }
        guard pointCount > 0, targets.covers(pointCount: pointCount) else {
            throw context.refusal("targets that do not fit", "one for each of \(pointCount) points")
        }
        return ValueType(.float64, computedWidth: try context.totalWidth([targets.width]))
    }
}
