internal import ModelIR
internal import TensorCore

/// A preprocessing pipeline and its linear model as one table. Equal to the reference within 1e-12 of the sum's terms:
/// folding changes the order in which numbers are rounded, nothing else.
final class LinearFoldStage: Stage {
    private let kernel: LinearKernel
    private let scratch: LinearKernel.Scratch
    private let output: TilePlace

    init(_ fold: LinearFold, of inputs: [Column], _ places: StagePlaces, memory: inout MemoryPlan) {
        let usesPanels = fold.outputCount > GemmStage.plainOutputsMax && fold.terms.count > 0
        kernel = LinearKernel(
            fold.terms, bias: fold.bias,
            panels: usesPanels
                ? PackedPanels(fold.terms.weights, count: fold.outputCount, width: fold.terms.count) : nil,
            encodings: fold.encodings, of: inputs, rowCountMax: places.tileRowCount)
        scratch = kernel.takeScratch(&memory)
        output = places.output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        var refused = kernel.run(
            firstRow: tile.firstRow, rowCount: tile.rowCount, of: rows, into: &workspace.doubles, at: output.offset,
            refused: &workspace.integers, scratch: scratch)
        while refused != 0 {
            let row = refused.trailingZeroBitCount
            refused &= refused - 1
            let column = kernel.refusedColumn(tileRow: row, in: workspace.integers, scratch: scratch)
            faults.add(
                RowFault(row: tile.firstRow + row, column: column, reason: .unknownCategory), tileRow: row)
        }
    }
}
