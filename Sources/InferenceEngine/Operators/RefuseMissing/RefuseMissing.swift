internal import ModelIR
internal import TensorCore

/// Its first input; in the columns of the others, or of the only one, nothing may be missing. It stands where a library
/// checks what it then does not look at.
struct RefuseMissing: Sendable {}

extension RefuseMissing: OperatorRule {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard let first = inputs.first else { throw context.refusal("no inputs", "at least one input") }
        for input in inputs where input.kind == .classIndex {
            throw context.refusal(input.text, "numbers or strings")
        }
        for input in inputs.count == 1 ? inputs[...] : inputs.dropFirst() {
            for origin in input.origins { context.refuseMissing(origin) }
        }
        guard inputs.count == 1 else { return first }
        return ValueType(
            first.kind, origins: first.origins.map { ValueOrigin(inputColumn: $0.inputColumn, mayBeMissing: false) })
    }

    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.input.width {
            workspace.copy(operands.input, column: column, to: operands.output, column: column)
        }
    }
}
