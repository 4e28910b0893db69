internal import ModelIR

extension ElementwiseFunction: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.singleNumber(inputs)
        guard input.kind == .float64 else { throw context.refusal(input.text, "float64") }
        if case .clip(let lower, let upper) = self, !(lower <= upper) {
            throw context.refusal("the bounds \(lower) and \(upper)", "bounds in ascending order")
        }
        switch self {
        case .nanToNumber, .isGreater:
            return ValueType(
                .float64,
                origins: input.origins.map { ValueOrigin(inputColumn: $0.inputColumn, mayBeMissing: false) })
        case .absolute, .negative, .sign, .floor, .ceil, .rint, .trunc, .sublinearCount, .cbrt, .sin, .cos, .tanh,
            .arctan, .arcsinh, .degreesToRadians, .powerOfTwo, .squashed, .float32, .clip:
            return input
        // A logarithm of -1, an overflow.
        default: return ValueType(.float64, origins: input.origins.map(\.unsettled))
        }
    }
}
