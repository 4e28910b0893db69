internal import ModelIR
internal import TensorCore

/// Tree ensembles over compact nodes: a few rows at a time, eight trees side by side. Bit-equal to the reference.
struct CompactForestStage<Node: CompactNode, Sum: ActivationScalar>: Stage {
    private let tables: ForestSum.Tables<Node, Sum>
    private let input: ForestInput
    private let output: TilePlace
    /// Where the keys of `rowsAtATime` rows lie in the workspace's array of keys.
    private let keys: Int
    private let keyStride: Int
    private let rowsAtATime: Int
    private let narrowsToFloat32: Bool

    init(
        _ forest: CompactForest<Node, Sum>, ensemble: TreeEnsemble, places: StagePlaces, memory: inout MemoryPlan
    ) {
        tables = forest.tables
        input = ForestInput(ensemble, at: places.inputs[0])
        output = places.output
        keyStride = ForestKeys.slotCount(columnCount: ensemble.featureCount)
        let fitting = Self.keyBytes / (keyStride * MemoryLayout<Node.Key>.stride)
        rowsAtATime = min(max(fitting, 1), Self.rowsMax, places.tileRowCount)
        keys = memory.take(keyStride * rowsAtATime, of: Node.Key.planned)
        narrowsToFloat32 = ensemble.precision != .float64
    }

    // A generic type has one entry in its witness table, so the four combinations that are made must be asked for:
    // without these, every access of the kernels goes through a table of functions, 25 times slower.
    @specialized(where Node == CompactNode8, Sum == Float)
    @specialized(where Node == CompactNode8, Sum == Double)
    @specialized(where Node == CompactNode16, Sum == Float)
    @specialized(where Node == CompactNode16, Sum == Double)
    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        input.refuseRows(tile, in: workspace, faults: &faults)
        var first = 0
        while first < tile.rowCount {
            let count = min(rowsAtATime, tile.rowCount - first)
            ForestKeys.expand(
                workspace.doubles, at: input.place.offset + first * input.place.width, rowCount: count,
                columnCount: input.place.width, narrowsToFloat32: narrowsToFloat32, keys: &Node.Key[of: workspace],
                keysAt: keys)
            ForestSum.run(
                tables, rowCount: count, keys: Node.Key[of: workspace], keysAt: keys, keyStride: keyStride,
                scores: &Sum[of: workspace], scoresAt: output.offset + first * output.width)
            first += count
        }
    }

    /// Keys of the rows at a time: half of a small first-level cache, so that the nodes of eight trees fit beside them.
    private static var keyBytes: Int { 16384 }
    private static var rowsMax: Int { 32 }
}
