internal import ModelIR
internal import TensorCore

/// Tree ensembles over nodes that are packed into cache lines, eight trees side by side. Bit-equal to the reference.
final class PackedForestStage: Stage {
    private let kernel: PackedForestKernel
    private let input: ForestInput
    private let places: PackedForestKernel.Places
    /// Where numbers of the input lie, if they are float32 and must be widened first.
    private let narrowNumbers: TilePlace?
    private let refusesMissing: Bool
    private let narrows: Bool

    init(
        _ forest: PackedForest, ensemble: TreeEnsemble, checksMissing: Bool, level: CPULevel, places: StagePlaces,
        memory: inout MemoryPlan
    ) {
        kernel = PackedForestKernel(forest, level: level)
        let source = places.inputs[0]
        // One at least, so that there is an address.
        let widened = memory.take(
            source.kind == .float32 ? max(source.width * places.tileRowCount, 1) : 1, of: \.doubles)
        narrowNumbers = source.kind == .float32 ? source : nil
        let numbers = TilePlace(
            kind: .float64, offset: source.kind == .float32 ? widened : source.offset, width: source.width,
            inputColumns: source.inputColumns)
        var checked = ensemble
        if !checksMissing { checked.acceptsMissing = true }
        input = ForestInput(checked, at: numbers)
        refusesMissing = !checked.acceptsMissing
        narrows = ensemble.precision != .float64
        let isWide = forest.slots.form == .wide
        let keyBytes = kernel.slotCount * (isWide ? 8 : 4)
        let rowsAtATime = min(max(Self.keyBytesMax / keyBytes, 1), places.tileRowCount)
        // One at least, so that there is an address.
        let keyCount = max(kernel.slotCount * rowsAtATime, 1)
        if isWide { memory.share(longIntegers: keyCount) } else { memory.share(integers: keyCount) }
        self.places = PackedForestKernel.Places(
            numbers: numbers.offset, scores: places.output.offset, rowsAtATime: rowsAtATime)
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        if let narrowNumbers {
            for index in 0..<tile.rowCount * narrowNumbers.width {
                workspace.doubles[places.numbers + index] = Double(workspace.floats[narrowNumbers.offset + index])
            }
        }
        let found = kernel.run(rowCount: tile.rowCount, places, in: workspace)
        if (found.hasMissing && refusesMissing) || (found.hasInfinity && narrows) {
            input.refuseRows(tile, of: rows, in: workspace, faults: &faults)
        }
    }

    /// Keys of the rows at a time: beside them, the nodes of eight trees should fit a second-level cache.
    private static let keyBytesMax = 1 << 16
}
