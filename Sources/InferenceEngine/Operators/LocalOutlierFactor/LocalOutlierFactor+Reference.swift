internal import ModelIR
internal import TensorCore

extension LocalOutlierFactor: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let neighborCount = operands.input.width / 2
        let distances = operands.input.offset
        var reach = 0.0
        for index in distances..<distances + neighborCount {
            let point = Int(workspace.doubles[index + neighborCount])
            reach += max(workspace.doubles[index], reaches[point])
        }
        // scikit-learn adds this so that no density is infinite.
        let density = 1 / (reach / Double(neighborCount) + 1e-10)
        var sum = 0.0
        for index in distances..<distances + neighborCount {
            sum += densities[Int(workspace.doubles[index + neighborCount])] / density
        }
        workspace.doubles[operands.output.offset] = -(sum / Double(neighborCount))
    }
}
