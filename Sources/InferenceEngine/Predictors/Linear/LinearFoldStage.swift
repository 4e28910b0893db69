internal import ModelIR
internal import TensorCore

/// A preprocessing pipeline and its linear model as one table. Equal to the reference within 1e-12 of the sum's terms:
/// folding changes the order in which numbers are rounded, nothing else.
final class LinearFoldStage: Stage {
    private let kernel: LinearKernel
    private let scratch: LinearKernel.Scratch
    private let output: TilePlace
    /// nil where a row in which one is missing need not have a score that is NaN.
    private let required: RequiredColumns?

    /// Whether every required column is one of the model's numbers that nothing replaces where it is missing: then it
    /// is NaN, and so is each score.
    static func findsMissing(_ fold: LinearFold, of inputs: [Column]) -> Bool {
        var isFound = inputs.map(\.acceptsMissing)
        for (column, missing) in zip(fold.terms.columns, fold.terms.missing) where missing.isNaN {
            isFound[Int(column)] = true
        }
        return isFound.allSatisfy { $0 } && fold.outputCount > 0
    }

    init(_ fold: LinearFold, of inputs: [Column], _ places: StagePlaces, memory: inout MemoryPlan) {
        let usesPanels = fold.outputCount > GemmStage.plainOutputsMax && fold.terms.count > 0
        kernel = LinearKernel(
            fold.terms, bias: fold.bias,
            panels: usesPanels
                ? PackedPanels(fold.terms.weights, count: fold.outputCount, width: fold.terms.count) : nil,
            encodings: fold.encodings, of: inputs, rowCountMax: places.tileRowCount)
        scratch = kernel.takeScratch(&memory)
        output = places.output
        required = Self.findsMissing(fold, of: inputs) ? RequiredColumns(of: inputs) : nil
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        var found = kernel.run(
            firstRow: tile.firstRow, rowCount: tile.rowCount, of: rows, into: &workspace.doubles, at: output.offset,
            refused: &workspace.integers, scratch: scratch)
        if found.nan == 0, found.refused == 0 { return }
        while let required, found.nan != 0 {
            required.look(found.nan.trailingZeroBitCount, tile, rows, &faults)
            found.nan &= found.nan - 1
        }
        while found.refused != 0 {
            let row = found.refused.trailingZeroBitCount
            found.refused &= found.refused - 1
            let column = kernel.refusedColumn(tileRow: row, in: workspace.integers, scratch: scratch)
            faults.add(
                RowFault(row: tile.firstRow + row, column: column, reason: .unknownCategory), tileRow: row)
        }
    }
}
