internal import ModelIR

extension PairCoupling: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        try context.checkPairs(inputs, classCount: classCount)
        // Not beyond the bound of a value, for the scratch is as large: 2 n² + n.
        _ = try context.totalWidth([inputs[0].width, inputs[0].width, inputs[0].width, inputs[0].width])
        guard slopes.count == inputs[0].width, offsets.count == slopes.count else {
            throw context.refusal("\(slopes.count) and \(offsets.count) numbers", "\(inputs[0].width), one a pair")
        }
        return ValueType(.float64, computedWidth: classCount)
    }
}
