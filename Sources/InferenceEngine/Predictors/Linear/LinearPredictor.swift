internal import TensorCore

/// A preprocessing pipeline and its linear model as one table. Equal to the reference within 1e-12 of the sum's terms:
/// folding changes the order in which numbers are rounded, nothing else.
final class LinearPredictor: Predictor {
    let report: PredictorReport
    private let terms: LinearKernel.Terms
    private let encodings: [LinearFold.Encoding]
    private let bias: [Double]
    private let requiredColumns: [Int]
    private let tail: ScoreTail
    private let tileRowCount: Int

    init(
        _ fold: LinearFold, requiredColumns: [Int], tail: ScoreTail, tileRowCount: Int, report: PredictorReport
    ) {
        terms = fold.terms
        encodings = fold.encodings
        bias = fold.bias
        self.requiredColumns = requiredColumns
        self.tail = tail
        self.tileRowCount = tileRowCount
        self.report = report
    }

    func makeWorkspace() -> Workspace {
        var plan = MemoryPlan()
        // The tail's numbers, and behind them the centred numbers of one row.
        plan.doubles = tail.scalarCount + terms.count
        plan.integers = tail.classCount
        return Workspace(plan: plan)
    }

    func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace) {
        output.reset(rowCount: rows.rowCount)
        var first = 0
        while first < rows.rowCount {
            let count = min(tileRowCount, rows.rowCount - first)
            let knownFaults = output.faults.count
            addUp(rows, firstRow: first, rowCount: count, doubles: &workspace.doubles, faults: &output.faults)
            tail.run(
                rowCount: count, firstRow: first, scalars: &workspace.doubles, classes: &workspace.integers,
                output: &output)
            for fault in output.faults[knownFaults...] { output.clear(row: fault.row) }
            first += count
        }
    }

    /// Computes the scores of a tile, which stand first in `doubles`. A row that has no prediction gets NaN, as does
    /// one with a missing number; which of both, and why, is asked only then.
    private func addUp(
        _ rows: borrowing RowBatch, firstRow: Int, rowCount: Int, doubles: inout [Double], faults: inout [RowFault]
    ) {
        let outputCount = bias.count
        let centred = tail.scalarCount
        for row in 0..<rowCount {
            LinearKernel.center(terms, row: firstRow + row, of: rows, target: &doubles, offset: centred)
            for output in 0..<outputCount {
                let sum = LinearKernel.dot(
                    doubles, offset: centred, terms.weights, start: output * terms.count, count: terms.count)
                doubles[row * outputCount + output] = sum + bias[output]
            }
        }
        for encoding in encodings {
            for row in 0..<rowCount {
                let scores = row * outputCount
                guard let weights = encoding.weightsRow(row: firstRow + row, of: rows) else {
                    doubles[scores] = .nan
                    continue
                }
                for output in 0..<outputCount {
                    doubles[scores + output] += encoding.weights[weights * outputCount + output]
                }
            }
        }
        for row in 0..<rowCount where doubles[row * outputCount].isNaN {
            if let fault = fault(row: firstRow + row, of: rows) { faults.append(fault) }
        }
    }

    /// What is wrong with a row, in the reference's order: missing values, then categories; nil if a NaN has another
    /// cause, such as two infinities.
    private func fault(row: Int, of rows: borrowing RowBatch) -> RowFault? {
        for column in requiredColumns where rows.isMissing(row: row, column: column) {
            return RowFault(row: row, column: column, reason: .missingValue)
        }
        for encoding in encodings where encoding.weightsRow(row: row, of: rows) == nil {
            return RowFault(row: row, column: encoding.inputColumn, reason: .unknownCategory)
        }
        return nil
    }
}

extension LinearFold.Encoding {
    /// The row of weights that the column selects; nil if the encoder refuses it.
    fileprivate func weightsRow(row: Int, of rows: borrowing RowBatch) -> Int? {
        if rows.isMissing(row: row, column: inputColumn) { return missingRow }
        if isText { return table.category(ofText: rows.stringBytes(row: row, column: inputColumn)) ?? unknownRow }
        let number =
            rows.layout.columns[inputColumn].kind == .int64
            ? Double(rows.int64(row: row, column: inputColumn)) : rows.double(row: row, column: inputColumn)
        return table.category(ofNumber: number) ?? unknownRow
    }
}
