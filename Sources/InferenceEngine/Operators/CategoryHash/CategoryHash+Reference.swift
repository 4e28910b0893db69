internal import ModelIR
internal import TensorCore

extension CategoryHash: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input
        for column in 0..<input.width {
            let hash: UInt64
            switch workspace.texts[input.offset + column] {
            case .missing: throw RowFault(row: row, column: input.inputColumns[column] ?? 0, reason: .missingValue)
            case .constant(let text): hash = CityHash.hash64(text.utf8.span)
            case .input(let source): hash = CityHash.hash64(rows.stringBytes(row: row, column: source))
            }
            let signed = Int32(truncatingIfNeeded: hash)
            workspace.doubles[operands.output.offset + column] = Double(signed)
        }
    }
}
