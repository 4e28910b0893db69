internal import ModelIR
internal import TensorCore

extension ClassIndicator: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for place in operands.output.range { workspace.doubles[place] = off }
        let chosen = columns[Int(workspace.integers[operands.input.offset])]
        workspace.doubles[operands.output.offset + chosen] = on
    }
}
