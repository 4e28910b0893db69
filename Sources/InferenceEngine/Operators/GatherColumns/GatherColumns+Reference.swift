internal import TensorCore

extension GatherColumns: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for (index, column) in columns.enumerated() {
            workspace.copy(operands.input, column: column, to: operands.output, column: index)
        }
    }
}

extension Workspace {
    /// Copies one element between two values of the same kind.
    func copy(_ source: ValuePlace, column: Int, to target: ValuePlace, column targetColumn: Int) {
        switch source.kind {
        case .float64: doubles[target.offset + targetColumn] = doubles[source.offset + column]
        case .float32: floats[target.offset + targetColumn] = floats[source.offset + column]
        case .string: texts[target.offset + targetColumn] = texts[source.offset + column]
        case .classIndex: integers[target.offset + targetColumn] = integers[source.offset + column]
        }
    }
}
