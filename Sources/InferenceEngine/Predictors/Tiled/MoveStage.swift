internal import ModelIR
internal import TensorCore

/// Puts columns of numbers side by side: a gather of one value's columns, or a concatenation of several values.
final class MoveStage: Stage {
    /// Columns that lie together in an input and in the output.
    private struct Run: Sendable {
        let input: TilePlace
        let inputColumn: Int
        let outputColumn: Int
        var count: Int
    }

    private let runs: [Run]
    private let output: TilePlace

    /// - Parameter columns: for each column of the output an input and a column of it.
    init(_ columns: [(input: Int, column: Int)], places: StagePlaces) {
        var runs: [Run] = []
        var last = (input: -1, column: 0)
        for (index, source) in columns.enumerated() {
            if source.input == last.input, source.column == last.column + 1 {
                runs[runs.count - 1].count += 1
            } else {
                runs.append(
                    Run(
                        input: places.inputs[source.input], inputColumn: source.column, outputColumn: index, count: 1))
            }
            last = source
        }
        self.runs = runs
        output = places.output
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        for run in runs {
            TileCopy.move(
                &workspace.doubles, rowCount: tile.rowCount, columnCount: run.count,
                from: run.input.offset + run.inputColumn, stride: run.input.width,
                to: output.offset + run.outputColumn, stride: output.width)
        }
    }
}

struct MoveStageBuilder: StageBuilder {
    let name = "move"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard graph.type(value).kind == .float64 else { return nil }
        var columns: [(input: Int, column: Int)] = []
        switch node.operation {
        case .gatherColumns(let gathered): columns = gathered.map { (0, $0) }
        case .concat:
            for (index, input) in node.inputs.enumerated() {
                for column in 0..<graph.type(input).width { columns.append((index, column)) }
            }
        default: return nil
        }
        let cost = 0.4 * Double(columns.count)
        return .runs(
            StagePlan(
                inputs: node.inputs, nanosecondsPerRow: 8 + cost, nanosecondsPerRowOfMany: cost,
                reason: "\(columns.count) columns, copied", tableBytes: 0,
                make: { places, _ throws(ImportError) in MoveStage(columns, places: places) }))
    }
}
