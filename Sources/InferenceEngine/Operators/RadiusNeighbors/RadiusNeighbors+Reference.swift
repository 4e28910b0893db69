internal import ModelIR
internal import TensorCore

extension RadiusNeighbors: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let output = operands.output.range
        for index in output { workspace.doubles[index] = 0 }
        let bound = measure.ranking(ofValue: radius)
        var neighborCount = 0
        var hasZero = false
        for point in 0..<count {
            let ranking = ranking(of: point, operands, in: workspace)
            if ranking <= bound { neighborCount += 1 }
            if ranking == 0 { hasZero = true }
        }
        guard neighborCount > 0 else {
            if let classOfOutliers {
                workspace.doubles[output.lowerBound + classOfOutliers] = 1
            } else {
                for index in output { workspace.doubles[index] = .nan }
            }
            return
        }
        var total = 0.0
        for point in 0..<count {
            let ranking = ranking(of: point, operands, in: workspace)
            guard ranking <= bound else { continue }
            let weight = weights.weight(ofDistance: measure.value(ofRanking: ranking), hasZero: hasZero)
            total += weight
            targets.add(point: point, weight: weight, to: &workspace.doubles, at: output.lowerBound)
        }
        targets.finish(&workspace.doubles, at: output, total: total)
    }

    private func ranking(of point: Int, _ operands: ReferenceOperands, in workspace: Workspace) -> Double {
        measure.ranking(
            workspace.doubles, at: operands.input.offset, points, at: point * inputWidth, width: inputWidth)
    }
}
