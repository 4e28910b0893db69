internal import ModelIR

extension Interpolation: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64, width: curves.count)
        for (column, curve) in curves.enumerated() {
            guard !curve.x.isEmpty, curve.x.count == curve.y.count,
                zip(curve.x, curve.x.dropFirst()).allSatisfy({ $0 < $1 })
            else {
                throw context.refusal(
                    "\(curve.x.count) places and \(curve.y.count) values in column \(column)",
                    "as many of both, at least one, the places in ascending order")
            }
        }
        return ValueType(.float64, computedWidth: input.width)
    }
}
