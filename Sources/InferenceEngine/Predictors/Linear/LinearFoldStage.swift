internal import ModelIR
internal import TensorCore

/// A preprocessing pipeline and its linear model as one table. Equal to the reference within 1e-12 of the sum's terms:
/// folding changes the order in which numbers are rounded, nothing else.
struct LinearFoldStage: Stage {
    private let terms: LinearKernel.Terms
    private let encodings: [LinearFold.Encoding]
    private let bias: [Double]
    private let output: TilePlace
    /// Where the centred numbers of one row lie in the workspace's doubles.
    private let centred: Int

    init(_ fold: LinearFold, output: TilePlace, memory: inout MemoryPlan) {
        terms = fold.terms
        encodings = fold.encodings
        bias = fold.bias
        self.output = output
        centred = memory.take(fold.terms.count, of: \.doubles)
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        for tileRow in 0..<tile.rowCount {
            addNumbers(
                row: tile.firstRow + tileRow, of: rows, scores: output.offset + tileRow * output.width,
                in: &workspace.doubles)
        }
        for encoding in encodings {
            for tileRow in 0..<tile.rowCount {
                let row = tile.firstRow + tileRow
                guard let weights = encoding.weightsRow(row: row, of: rows) else {
                    faults.add(
                        RowFault(row: row, column: encoding.inputColumn, reason: .unknownCategory), tileRow: tileRow)
                    continue
                }
                let scores = output.offset + tileRow * output.width
                for index in 0..<bias.count {
                    workspace.doubles[scores + index] += encoding.weights[weights * bias.count + index]
                }
            }
        }
    }

    private func addNumbers(row: Int, of rows: borrowing RowBatch, scores: Int, in doubles: inout [Double]) {
        LinearKernel.center(terms, row: row, of: rows, target: &doubles, offset: centred)
        for index in 0..<bias.count {
            let sum = LinearKernel.dot(
                doubles, offset: centred, terms.weights, start: index * terms.count, count: terms.count)
            doubles[scores + index] = sum + bias[index]
        }
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
