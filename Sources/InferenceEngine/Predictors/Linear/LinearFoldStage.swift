internal import ModelIR
internal import TensorCore

/// A preprocessing pipeline and its linear model as one table. Equal to the reference within 1e-12 of the sum's terms:
/// folding changes the order in which numbers are rounded, nothing else.
struct LinearFoldStage: Stage {
    private let terms: LinearKernel.Terms
    private let encodings: [LinearFold.Encoding]
    private let bias: [Double]
    /// The terms' weights, where the outputs are many.
    private let panels: PackedPanels?
    private let output: TilePlace
    /// Rows that are centred together, and where their numbers lie in the workspace's doubles.
    private let blockRowCount: Int
    private let centred: Int
    /// Where a column's categories lie in the workspace's integers, one a row.
    private let found: Int

    /// Numbers of a block: they stay in the first cache.
    private static let blockNumbers = 2048

    init(_ fold: LinearFold, _ places: StagePlaces, memory: inout MemoryPlan) {
        terms = fold.terms
        encodings = fold.encodings
        bias = fold.bias
        output = places.output
        panels =
            fold.outputCount <= GemmStage.plainOutputsMax || fold.terms.count == 0
            ? nil : PackedPanels(fold.terms.weights, count: fold.outputCount, width: fold.terms.count)
        blockRowCount = min(places.tileRowCount, max(Self.blockNumbers / max(fold.terms.count, 1), 1))
        centred = memory.take(fold.terms.count * blockRowCount, of: \.doubles)
        found = memory.take(places.tileRowCount, of: \.integers)
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        var first = 0
        while first < tile.rowCount {
            let count = min(blockRowCount, tile.rowCount - first)
            addNumbers(tile, block: first..<first + count, of: rows, in: workspace)
            first += count
        }
        for index in encodings.indices {
            let refused = encodings[index].add(
                tile, of: rows, found: found, to: output.offset, outputCount: bias.count, in: workspace)
            if refused != 0 { refuse(refused, encodings[index].inputColumn, tile, &faults) }
        }
    }

    private func addNumbers(
        _ tile: Tile, block: Range<Int>, of rows: borrowing RowBatch, in workspace: Workspace
    ) {
        let target = TilePlace(
            kind: .float64, offset: output.offset + block.lowerBound * output.width, width: output.width,
            inputColumns: [])
        LinearKernel.center(
            terms, firstRow: tile.firstRow + block.lowerBound, rowCount: block.count, of: rows,
            target: &workspace.doubles, offset: centred)
        let source = TilePlace(kind: .float64, offset: centred, width: terms.count, inputColumns: [])
        if let panels {
            DenseKernel.measures(
                .product, panels, bias: bias, from: source, to: target, rowCount: block.count, in: workspace)
        } else {
            DenseKernel.products(
                weights: terms.weights, bias: bias, from: source, to: target, rowCount: block.count, in: workspace)
        }
    }

    private func refuse(_ refused: UInt64, _ column: Int, _ tile: Tile, _ faults: inout TileFaults) {
        var rest = refused
        while rest != 0 {
            let row = rest.trailingZeroBitCount
            rest &= rest - 1
            faults.add(
                RowFault(row: tile.firstRow + row, column: column, reason: .unknownCategory), tileRow: row)
        }
    }
}

extension LinearFold.Encoding {
    /// Adds the weights of the column's categories to a tile's scores.
    /// - Returns: a bit for each row whose category is refused.
    fileprivate func add(
        _ tile: Tile, of rows: borrowing RowBatch, found: Int, to scores: Int, outputCount: Int,
        in workspace: Workspace
    ) -> UInt64 {
        table.find(
            column: inputColumn, firstRow: tile.firstRow, rowCount: tile.rowCount, of: rows,
            missing: Int32(missingRow ?? -1), unknown: Int32(unknownRow ?? -1), into: &workspace.integers, at: found)
        return LinearKernel.addRows(
            workspace.integers, at: found, rowCount: tile.rowCount, weights: weights, width: outputCount,
            to: &workspace.doubles, at: scores)
    }
}
