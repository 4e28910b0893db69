internal import ModelIR
internal import TensorCore

extension SelectColumns: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard inputs.isEmpty else { throw context.refusal("\(inputs.count) inputs", "none: it reads the record") }
        guard let first = columns.first else { throw context.refusal("no columns", "at least one column") }
        _ = try context.totalWidth([columns.count])
        for column in columns where !context.columns.indices.contains(column) {
            throw context.refusal("column \(column)", "a column of the \(context.columns.count) of the record")
        }
        let areStrings = context.columns[first].kind == .string
        for column in columns where (context.columns[column].kind == .string) != areStrings {
            throw context.refusal("columns of strings and of numbers", "one or the other")
        }
        return ValueType(
            areStrings ? .string : .float64,
            origins: columns.map { ValueOrigin(inputColumn: $0, mayBeMissing: true) })
    }
}
