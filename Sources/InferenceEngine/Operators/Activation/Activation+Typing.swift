internal import ModelIR

extension Activation: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.singleNumber(inputs)
        switch self {
        case .logistic, .exp, .step, .logisticInOneForm, .softplus, .signedSquare:
            return input
        case .softmax, .normalizeSum, .normalizePositiveSum, .normalizeSumOrUniform, .subtractMean:
            guard input.width > 0 else { throw context.refusal(input.text, "at least one column") }
            return ValueType(input.kind, computedWidth: input.width)
        case .argMaxValue:
            guard input.width > 0 else { throw context.refusal(input.text, "at least one column") }
            return ValueType(input.kind, computedWidth: 1)
        // Dense models.
        case .relu, .tanh, .cosine:
            return input
        case .logSoftmax:
            guard input.width > 0 else { throw context.refusal(input.text, "at least one column") }
            return ValueType(input.kind, computedWidth: input.width)
        case .logSumExp:
            guard input.width > 0 else { throw context.refusal(input.text, "at least one column") }
            return ValueType(input.kind, computedWidth: 1)
        }
    }
}
