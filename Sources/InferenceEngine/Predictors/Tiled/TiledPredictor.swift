internal import ModelIR
internal import TensorCore

/// Runs a graph one stage after another, each over a tile of rows: what a stage reads is still in the cache, and what
/// it costs to begin one is shared by the rows.
final class TiledPredictor: Predictor {
    private struct Output: Sendable {
        let field: Int
        let kind: ElementKind
        let offset: Int
        let width: Int
    }

    let report: PredictorReport
    private let stages: StageLoop
    private let outputs: [Output]
    private let memory: MemoryPlan
    private let tileRowCount: Int

    /// - Throws: `ImportError` where a stage finds, while it makes its tables, that it cannot run.
    init(_ graph: OptimizedGraph, plan: TiledPlan) throws(ImportError) {
        let rows = Self.tileRowCount(of: plan, in: graph)
        var memory = MemoryPlan()
        var places: [Int: TilePlace] = [:]
        var stages: [any Stage] = []
        let required = RequiredColumns(of: graph.signature.inputs)
        if !required.columns.isEmpty, plan.steps.first?.plan.findsMissing != true {
            stages.append(RequiredColumnsStage(required, of: graph.signature.inputs))
        }
        for step in plan.steps {
            let node = graph.nodes[step.value.index]
            let operands = step.plan.inputs.compactMap { places[$0.index] }
            let output = memory.tilePlace(for: node.type, rowCount: rows)
            if node.inputCheck != .none {
                stages.append(InputCheckStage(check: node.inputCheck, inputs: operands))
            }
            stages.append(
                try step.plan.make(StagePlaces(inputs: operands, output: output, tileRowCount: rows), &memory))
            places[step.value.index] = output
        }
        self.stages = StageLoop(stages)
        self.memory = memory
        tileRowCount = rows
        outputs = graph.outputs.enumerated().compactMap { field, output in
            places[output.value.index].map {
                Output(field: field, kind: $0.kind, offset: $0.offset, width: $0.width)
            }
        }
        report = PredictorReport(plan, of: graph)
    }

    func makeWorkspace() -> Workspace { Workspace(plan: memory) }

    func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace) {
        output.reset(rowCount: rows.rowCount)
        var first = 0
        while first < rows.rowCount {
            let tile = Tile(firstRow: first, rowCount: min(tileRowCount, rows.rowCount - first))
            stages.run(tile, of: rows, in: workspace)
            for index in outputs.indices { store(outputs[index], tile, of: workspace, in: &output) }
            workspace.faults.flush(into: &output)
            first += tile.rowCount
        }
    }

    private func store(_ source: Output, _ tile: Tile, of workspace: Workspace, in output: inout OutputBatch) {
        // Neither product overflows: both arrays are there, and hold so many numbers.
        let count = tile.rowCount &* source.width
        let start = tile.firstRow &* source.width
        switch source.kind {
        case .float64:
            TileCopy.copy(
                &workspace.doubles, from: source.offset, count: count, to: &output.values[source.field].float64,
                at: start)
        case .float32:
            TileCopy.copy(
                &workspace.floats, from: source.offset, count: count, to: &output.values[source.field].float32,
                at: start)
        case .classIndex:
            TileCopy.copy(
                &workspace.integers, from: source.offset, count: count, to: &output.values[source.field].labels,
                at: start)
        case .string: preconditionFailure("a string is never an output; the typed graph refuses it")
        }
    }

    /// Rows of a tile: as many as keep all of a tile's values in a second-level cache, and some even where they do not.
    private static func tileRowCount(of plan: TiledPlan, in graph: OptimizedGraph) -> Int {
        var bytes = 0
        for step in plan.steps {
            bytes += graph.nodes[step.value.index].type.width * 8
            if step.stageName == ReferenceStageBuilder.stageName { bytes += ReferenceStage.bytesPerTileRow }
        }
        let fitting = cacheBytes / max(bytes, 1)
        let few = min(fewRows, fewRowsBytesMax / max(bytes, 1))
        return min(max(fitting, few, 1), Tile.rowsMax)
    }

    private static let cacheBytes = 1 << 18
    private static let fewRows = 8
    private static let fewRowsBytesMax = 1 << 22
}

extension MemoryPlan {
    /// Takes room for a value of every row of a tile.
    fileprivate mutating func tilePlace(for type: ValueType, rowCount: Int) -> TilePlace {
        let count = type.width * rowCount
        let offset =
            switch type.kind {
            case .float64: take(count, of: \.doubles)
            case .float32: take(count, of: \.floats)
            case .string: take(count, of: \.texts)
            case .classIndex: take(count, of: \.integers)
            }
        return TilePlace(
            kind: type.kind, offset: offset, width: type.width, inputColumns: type.origins.map(\.inputColumn))
    }

    /// Takes room for `count` elements of an array of the workspace, such as `\.doubles`.
    /// - Returns: where they begin.
    mutating func take(_ count: Int, of array: WritableKeyPath<MemoryPlan, Int>) -> Int {
        let offset = self[keyPath: array]
        self[keyPath: array] += count
        return offset
    }
}

extension PredictorReport {
    /// Named after the stage that costs most.
    fileprivate init(_ plan: TiledPlan, of graph: OptimizedGraph) {
        let main = plan.steps.max { $0.plan.nanosecondsPerRow < $1.plan.nanosecondsPerRow }
        self.init(
            name: main?.stageName ?? ReferenceStageBuilder.stageName,
            reason: main?.plan.reason ?? "there is nothing to compute",
            nanosecondsPerRow: plan.steps.reduce(Self.overhead) {
                $0 + $1.plan.nanosecondsPerRow + Self.overheadOfStage
            },
            nanosecondsPerRowOfMany: plan.steps.reduce(Self.overheadOfMany) {
                $0 + $1.plan.nanosecondsPerRowOfMany
            },
            tableBytes: plan.steps.reduce(0) { $0 + $1.plan.tableBytes },
            steps: plan.steps.map { step in
                let node = graph.node(step.value)
                return PredictorStep(
                    path: node.path, operation: node.operation.name, stage: step.stageName, reason: step.plan.reason,
                    nanosecondsPerRow: step.plan.nanosecondsPerRow, tableBytes: step.plan.tableBytes,
                    others: step.others.map { PredictorStep.Other(name: $0.name, reason: $0.reason) })
            })
    }

    /// Nanoseconds of a call beside its stages, the output made ready and written; and of the call of each stage.
    private static let overhead = 60.0
    private static let overheadOfStage = 15.0
    /// What a tile's rows have to bear of both, and the copy of what each of them is answered.
    private static let overheadOfMany = 5.0
}
