internal import ModelIR
internal import TensorCore

extension TextVectorization: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let output = operands.output.offset
        for place in operands.output.range { workspace.doubles[place] = 0 }
        TextTerms.load(
            workspace.texts[operands.input.offset], row: row, of: rows, into: &workspace.scratch.text)
        terms?.forEachTerm(in: &workspace.scratch.text) { column, isNegative in
            if vectorizer.isBinary {
                workspace.doubles[output + column] = 1
            } else {
                workspace.doubles[output + column] += isNegative ? -1 : 1
            }
        }
    }
}
