internal import ModelIR
internal import TensorCore

/// Categories to numbers, by table: one-hot indicators, or one code a column.
struct EncodeStage: Stage {
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
        let table: CategoryTable
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

    init(_ features: [Feature], output: TilePlace) {
        self.features = features
        self.output = output
        hasIndicators = features.contains { if case .indicator = $0.target { true } else { false } }
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        if hasIndicators {
            let end = output.offset + tile.rowCount * output.width
            for index in output.offset..<end { workspace.doubles[index] = 0 }
        }
        for index in features.indices {
            for tileRow in 0..<tile.rowCount {
                let row = tile.firstRow + tileRow
                let category = category(of: index, tileRow: tileRow, row: row, of: rows, in: workspace)
                let place = output.offset + tileRow * output.width + features[index].firstColumn
                if !write(features[index].target, category, at: place, in: &workspace.doubles) {
                    faults.add(
                        RowFault(row: row, column: features[index].inputColumn, reason: .unknownCategory),
                        tileRow: tileRow)
                }
            }
        }
    }

    private func category(
        of feature: Int, tileRow: Int, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) -> Int? {
        switch features[feature].source {
        case .text(let column, let missing):
            if rows.isMissing(row: row, column: column) { return missing }
            return features[feature].table.category(ofText: rows.stringBytes(row: row, column: column))
        case .number(let place, let column):
            let number = workspace.doubles[place.offset + tileRow * place.width + column]
            if number.isNaN { return features[feature].table.missingCategory }
            return features[feature].table.category(ofNumber: number)
        }
    }

    /// - Returns: whether the category is taken.
    private func write(_ target: Target, _ category: Int?, at place: Int, in doubles: inout [Double]) -> Bool {
        switch target {
        case .indicator(let indicators, let unknown):
            guard let indicator = category.map({ indicators[$0] }) ?? unknown else { return false }
            if indicator >= 0 { doubles[place + Int(indicator)] = 1 }
        case .code(let codes, let unknown):
            guard let code = category.map({ codes[$0] }) ?? unknown else { return false }
            doubles[place] = code
        }
        return true
    }
}
