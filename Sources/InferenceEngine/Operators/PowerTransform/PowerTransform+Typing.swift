internal import ModelIR

extension PowerTransform: OperatorTyping {
    /// A missing value stays missing; a huge one may overflow.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64, width: lambdas.count)
        for origin in input.origins { context.refuseInfinity(origin) }
        return ValueType(.float64, origins: input.origins.map(\.unsettled))
    }
}
