internal import ModelIR
internal import TensorCore

/// The nearest points of a tile's rows by a packed search, and by the reference where that leaves something open.
final class NeighborsStage: Stage {
    private let search: PackedSearch
    private let rule: any OperatorRule
    private let input: TilePlace
    private let output: TilePlace
    private let scratch: PackedSearch.Scratch
    /// The reference's, one a row of the tile.
    private let operands: [ReferenceOperands]

    init(_ search: PackedSearch, rule: any OperatorRule, _ places: StagePlaces, memory: inout MemoryPlan) {
        self.search = search
        self.rule = rule
        input = places.inputs[0]
        output = places.output
        scratch = search.takeScratch(&memory)
        let ruleScratch = memory.take(rule.scratchCount, of: \.doubles)
        operands = (0..<places.tileRowCount).map { row in
            ReferenceOperands(
                inputs: places.inputs.map { $0.place(ofTileRow: row) }, output: places.output.place(ofTileRow: row),
                scratch: ruleScratch)
        }
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        var open = search.nearest(
            from: input, to: output, rowCount: tile.rowCount, scratch: scratch, in: workspace)
        open &= ~faults.rows
        while open != 0 {
            let row = open.trailingZeroBitCount
            open &= open - 1
            do throws(RowFault) {
                try rule.evaluate(operands[row], row: tile.firstRow + row, of: rows, in: workspace)
            } catch {
                faults.add(error, tileRow: row)
            }
        }
    }
}

/// Makes `neighbors-packed`.
struct NeighborsStageBuilder: StageBuilder {
    let name = "neighbors-packed"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .nearestNeighbors(let neighbors) = node.operation else { return nil }
        let grid: PackedSearch.Grid
        do throws(PackedSearch.Obstacle) {
            grid = try PackedSearch.Grid(neighbors)
        } catch {
            return .cannotRun(reason: error.reason)
        }
        let numbers = Double(neighbors.points.count)
        let perNeighbor = 60 + 0.1 * Double(neighbors.inputWidth)
        let candidates = perNeighbor * Double(neighbors.neighborCount)
        // Beyond the second cache the points are read at half the speed.
        let reading = numbers * 2 > 400_000 ? 0.045 : 0.03
        let rule = node.operation.rule
        return .runs(
            StagePlan(
                inputs: [node.inputs[0]], nanosecondsPerRow: 300 + candidates + reading * numbers,
                nanosecondsPerRowOfMany: 250 + candidates + 0.03 * numbers,
                reason: "\(neighbors.count) points on a grid of 16-bit integers, and exact distances of the nearest",
                tableBytes: neighbors.points.count * 10 + neighbors.count * 4
            ) { places, memory in
                NeighborsStage(PackedSearch(neighbors, grid), rule: rule, places, memory: &memory)
            })
    }
}
