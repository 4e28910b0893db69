internal import ModelIR
internal import TensorCore

extension Gemm: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for target in 0..<outputWidth {
            var sum = 0.0
            for column in 0..<inputWidth {
                sum += workspace.doubles[operands.input.offset + column] * weights[target * inputWidth + column]
            }
            workspace.doubles[operands.output.offset + target] = sum + bias[target]
        }
    }
}
