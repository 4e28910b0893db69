internal import ModelIR
internal import TensorCore

/// Tree ensembles over bytes: a row's numbers become ranks, and all nodes of a tree are decided at once. Bit-equal to
/// the reference.
final class RankedForestStage: Stage {
    private let forest: RankedForest
    private let input: ForestInput
    private let output: TilePlace
    private let narrowsToFloat32: Bool
    private let acceptsMissing: Bool

    init(
        _ forest: RankedForest, ensemble: TreeEnsemble, places: StagePlaces, memory: inout MemoryPlan
    ) {
        self.forest = forest
        input = ForestInput(ensemble, at: places.inputs.first)
        output = places.output
        memory.share(integers: forest.scratchCount)
        narrowsToFloat32 = ensemble.precision != .float64
        acceptsMissing = ensemble.acceptsMissing
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        let found =
            if let place = input.place {
                forest.run(
                    rowsAt: place.offset, rowCount: tile.rowCount, scoresAt: output.offset, in: workspace)
            } else {
                forest.run(tile, of: rows, scoresAt: output.offset, in: workspace)
            }
        var refused = (narrowsToFloat32 ? found.infinite : 0) | (acceptsMissing ? 0 : found.missing)
        while refused != 0 {
            input.refuse(refused.trailingZeroBitCount, of: tile, rows, in: workspace, faults: &faults)
            refused &= refused - 1
        }
    }
}
