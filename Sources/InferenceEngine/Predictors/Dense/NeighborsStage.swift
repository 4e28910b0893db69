internal import ModelIR
internal import TensorCore

/// The nearest points of a tile's rows by a packed search, and by the reference where that leaves something open.
struct NeighborsStage: Stage {
    private let search: PackedSearch
    private let rule: any OperatorRule
    private let input: TilePlace
    private let output: TilePlace
    private let searchScratch: PackedSearch.Scratch
    /// The reference's.
    private let scratch: Int

    init(_ search: PackedSearch, rule: any OperatorRule, _ places: StagePlaces, memory: inout MemoryPlan) {
        self.search = search
        self.rule = rule
        input = places.inputs[0]
        output = places.output
        searchScratch = search.takeScratch(&memory)
        scratch = memory.doubles
        memory.doubles += rule.scratchCount
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        var open = search.nearest(
            from: input, to: output, rowCount: tile.rowCount, scratch: searchScratch, in: workspace)
        open &= ~faults.rows
        while open != 0 {
            let row = open.trailingZeroBitCount
            open &= open - 1
            let operands = ReferenceOperands(
                inputs: [place(input, row: row)], output: place(output, row: row), scratch: scratch)
            do throws(RowFault) {
                try rule.evaluate(operands, row: tile.firstRow + row, of: rows, in: workspace)
            } catch {
                faults.add(error, tileRow: row)
            }
        }
    }

    private func place(_ place: TilePlace, row: Int) -> ValuePlace {
        ValuePlace(
            kind: place.kind, offset: place.offset + row * place.width, width: place.width,
            inputColumns: place.inputColumns)
    }
}

/// Makes `neighbors-packed`.
struct NeighborsStageBuilder: StageBuilder {
    let name = "neighbors-packed"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .nearestNeighbors(let neighbors) = node.operation else { return nil }
        let search: PackedSearch
        do throws(PackedSearch.Obstacle) {
            search = try PackedSearch(neighbors)
        } catch {
            return .cannotRun(reason: error.reason)
        }
        let numbers = Double(neighbors.points.count)
        let candidates = 60 * Double(neighbors.neighborCount) + 0.1 * Double(neighbors.inputWidth * neighbors.neighborCount)
        // Beyond the second cache the points are read at half the speed.
        let reading = numbers * 2 > 400_000 ? 0.025 : 0.018
        let rule = node.operation.rule
        return .runs(
            StagePlan(
                inputs: [node.inputs[0]], nanosecondsPerRow: 300 + candidates + reading * numbers,
                nanosecondsPerRowOfMany: 250 + candidates + 0.016 * numbers,
                reason: "\(neighbors.count) points on a grid of 16-bit integers, and exact distances of the nearest",
                tableBytes: search.byteCount
            ) { places, memory in NeighborsStage(search, rule: rule, places, memory: &memory) })
    }
}
