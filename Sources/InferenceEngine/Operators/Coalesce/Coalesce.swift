internal import ModelIR
internal import TensorCore

/// The elements of its first input, and where they are missing those of its second; or, if it has a third, the second
/// input as it is, and in a row in which all of the first is missing the third.
struct Coalesce: Sendable {}

extension Coalesce: OperatorRule {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        guard inputs.count == 2 || inputs.count == 3 else {
            throw context.refusal("\(inputs.count) inputs", "two or three")
        }
        for input in inputs where input.kind != .float64 || input.width != inputs[0].width {
            throw context.refusal(input.text, "float64 of width \(inputs[0].width)")
        }
        return ValueType(.float64, computedWidth: inputs[0].width)
    }

    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        var source = operands.inputs[1].offset
        if operands.inputs.count == 3 {
            var isMissing = true
            for place in operands.inputs[0].range where !workspace.doubles[place].isNaN { isMissing = false }
            if isMissing { source = operands.inputs[2].offset }
        }
        for column in 0..<operands.output.width {
            let value = workspace.doubles[operands.inputs[0].offset + column]
            workspace.doubles[operands.output.offset + column] =
                value.isNaN || operands.inputs.count == 3 ? workspace.doubles[source + column] : value
        }
    }
}
