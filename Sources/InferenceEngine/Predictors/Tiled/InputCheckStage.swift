internal import TensorCore

/// Refuses rows in which an earlier stage computed what the next one does not take.
final class InputCheckStage: Stage {
    private let check: InputCheck
    private let inputs: [TilePlace]

    init(check: InputCheck, inputs: [TilePlace]) {
        self.check = check
        self.inputs = inputs
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        for input in inputs where input.kind == .float64 {
            for tileRow in 0..<tile.rowCount {
                let start = input.offset + tileRow * input.width
                for index in 0..<input.width where !check.accepts(workspace.doubles[start + index]) {
                    let isMissing = workspace.doubles[start + index].isNaN
                    faults.add(
                        RowFault(
                            row: tile.firstRow + tileRow, column: input.inputColumns[index] ?? 0,
                            reason: isMissing ? .missingValue : .infinite),
                        tileRow: tileRow)
                    break
                }
            }
        }
    }
}
