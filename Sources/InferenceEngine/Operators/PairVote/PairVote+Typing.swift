internal import ModelIR

extension PairVote: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        try context.checkPairs(inputs, classCount: classCount)
        return .classIndex(of: classCount)
    }
}
