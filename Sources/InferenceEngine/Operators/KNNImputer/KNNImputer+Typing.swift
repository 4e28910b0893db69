internal import ModelIR

extension KNNImputer: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .float64, width: width)
        guard width > 0, rows.count == rowCount * width, rowCount > 0, neighborCount > 0, emptyColumns.count == width
        else {
            throw context.refusal("\(rows.count) numbers, \(neighborCount) neighbours", "rows of width \(width)")
        }
        for origin in input.origins { context.refuseInfinity(origin) }
        return ValueType(
            .float64,
            origins: input.origins.enumerated().map { column, origin in
                ValueOrigin(inputColumn: nil, mayBeMissing: emptyColumns[column] && origin.mayBeMissing)
            })
    }
}
