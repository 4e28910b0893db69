internal import ModelIR

extension PairDecisions: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let (expected, overflow) = (classCount - 1).multipliedReportingOverflow(by: vectorCount)
        guard let pairCount = Self.pairCount(classCount: classCount), intercepts.count == pairCount, !overflow,
            coefficients.count == expected, starts.first == 0, zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
        else {
            throw context.refusal(
                "\(coefficients.count) coefficients and \(intercepts.count) intercepts",
                "those of \(classCount) classes and \(vectorCount) vectors")
        }
        _ = try context.single(inputs, .float64, width: vectorCount)
        return ValueType(.float64, computedWidth: try context.totalWidth([pairCount]))
    }
}

extension TypingContext {
    /// Checks that the only input holds one number for each pair of classes.
    func checkPairs(_ inputs: [ValueType], classCount: Int) throws(ImportError) {
        guard let count = PairDecisions.pairCount(classCount: classCount) else {
            throw refusal("\(classCount) classes", "two or more")
        }
        _ = try single(inputs, .float64, width: count)
    }
}
