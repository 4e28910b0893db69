internal import ModelIR
internal import TensorCore

/// Categories to numbers, by table: one-hot indicators, or one code a column.
final class EncodeStage: Stage {
    /// Where a column's categories are read.
    enum Source: Sendable {
        /// A text column of the record; the category that takes the place of a missing text, if something does.
        case text(column: Int, missing: Int?)
        /// A column of the tile's numbers.
        case number(TilePlace, column: Int)
    }

    struct Feature: Sendable {
        let source: Source
        /// The input column, for faults.
        let inputColumn: Int
        let table: CategoryIndex
        /// Where the feature's columns begin in the value.
        let firstColumn: Int
        let target: Target
    }

    /// What becomes of a category.
    enum Target: Sendable {
        /// The indicator that each category sets, -1 for none; and what an unknown one sets, -1 for none, nil where it
        /// is refused.
        case indicator([Int32], unknown: Int32?)
        /// The code of each category; and of an unknown one, nil where it is refused.
        case code([Double], unknown: Double?)
    }

    private let features: [Feature]
    private let output: TilePlace
    private let hasIndicators: Bool
    /// Where a feature's categories lie in the workspace's integers, one a row.
    private let found: Int

    init(_ features: [Feature], output: TilePlace, found: Int) {
        self.features = features
        self.output = output
        self.found = found
        hasIndicators = features.contains { if case .indicator = $0.target { true } else { false } }
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        if hasIndicators {
            EncodeKernel.clear(&workspace.doubles, at: output.offset, count: tile.rowCount * output.width)
        }
        for index in features.indices {
            features[index].find(tile, of: rows, found: found, in: workspace)
            var refused = features[index].write(found, to: output, rowCount: tile.rowCount, in: workspace)
            while refused != 0 {
                let row = refused.trailingZeroBitCount
                refused &= refused - 1
                faults.add(
                    RowFault(
                        row: tile.firstRow + row, column: features[index].inputColumn, reason: .unknownCategory),
                    tileRow: row)
            }
        }
    }
}

extension EncodeStage.Feature {
    /// Finds the category of each row of the tile.
    fileprivate func find(_ tile: Tile, of rows: borrowing RowBatch, found: Int, in workspace: Workspace) {
        switch source {
        case .text(let column, let missing):
            table.find(
                column: column, firstRow: tile.firstRow, rowCount: tile.rowCount, of: rows,
                missing: missing.map { Int32($0) } ?? EncodeKernel.unknown, unknown: EncodeKernel.unknown,
                into: &workspace.integers, at: found)
        case .number(let place, let column):
            table.find(
                numbers: workspace.doubles, start: place.offset + column, stride: place.width,
                rowCount: tile.rowCount, missing: table.missingCategory.map { Int32($0) } ?? EncodeKernel.unknown,
                unknown: EncodeKernel.unknown, into: &workspace.integers, at: found)
        }
    }

    /// Writes what becomes of the categories.
    /// - Returns: a bit for each row whose category is refused.
    fileprivate func write(_ found: Int, to output: TilePlace, rowCount: Int, in workspace: Workspace) -> UInt64 {
        switch target {
        case .indicator(let indicators, let unknown):
            EncodeKernel.setIndicators(
                workspace.integers, at: found, rowCount: rowCount, indicators: indicators,
                unknownIndicator: unknown ?? -2, in: &workspace.doubles, at: output.offset + firstColumn,
                stride: output.width)
        case .code(let codes, let unknown):
            EncodeKernel.setCodes(
                workspace.integers, at: found, rowCount: rowCount, codes: codes, unknownCode: unknown,
                in: &workspace.doubles, at: output.offset + firstColumn, stride: output.width)
        }
    }
}
