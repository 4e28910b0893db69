internal import ModelIR
internal import TensorCore

/// Tree ensembles over bytes: a row's numbers become ranks, and all nodes of a tree are decided at once. Bit-equal to
/// the reference.
struct RankedForestStage: Stage {
    private let forest: RankedForest
    private let input: ForestInput
    private let output: TilePlace
    /// Where the kernels' scratch lies in the workspace's integers.
    private let scratch: Int
    private let narrowsToFloat32: Bool
    private let acceptsMissing: Bool

    init(
        _ forest: RankedForest, ensemble: TreeEnsemble, places: StagePlaces, memory: inout MemoryPlan
    ) {
        self.forest = forest
        input = ForestInput(ensemble, at: places.inputs[0])
        output = places.output
        scratch = memory.take(forest.scratchCount, of: \.integers)
        narrowsToFloat32 = ensemble.precision != .float64
        acceptsMissing = ensemble.acceptsMissing
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        let found =
            output.kind == .float32
            ? forest.run(
                rows: workspace.doubles, rowsOffset: input.place.offset, rowCount: tile.rowCount,
                scores: &workspace.floats, scoresOffset: output.offset, scratch: &workspace.integers,
                scratchOffset: scratch)
            : forest.run(
                numbers: &workspace.doubles, rowsOffset: input.place.offset, rowCount: tile.rowCount,
                scoresOffset: output.offset, scratch: &workspace.integers, scratchOffset: scratch)
        var refused = (narrowsToFloat32 ? found.infinite : 0) | (acceptsMissing ? 0 : found.missing)
        while refused != 0 {
            input.refuse(refused.trailingZeroBitCount, of: tile, in: workspace, faults: &faults)
            refused &= refused - 1
        }
    }
}
