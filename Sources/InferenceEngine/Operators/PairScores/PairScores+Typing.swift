internal import ModelIR

extension PairScores: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        try context.checkPairs(inputs, classCount: classCount)
        return ValueType(.float64, computedWidth: classCount)
    }
}
