internal import TensorCore

/// Tree ensembles over compact nodes: a tile of rows at a time, eight trees side by side. Bit-equal to the reference.
final class ForestPredictor<Node: CompactNode, Sum: ActivationScalar>: Predictor {
    let report: PredictorReport
    private let tables: ForestSum.Tables<Node, Sum>
    private let columns: ForestKeys.Columns
    private let tail: ScoreTail
    private let tileRowCount: Int

    init(
        _ forest: CompactForest<Node, Sum>, columns: ForestKeys.Columns, tail: ScoreTail, tileRowCount: Int,
        report: PredictorReport
    ) {
        tables = forest.tables
        self.columns = columns
        self.tail = tail
        self.tileRowCount = tileRowCount
        self.report = report
    }

    func makeWorkspace() -> Workspace {
        var plan = MemoryPlan()
        plan[keyPath: Node.Key.planned] += columns.slotCount * tileRowCount
        plan[keyPath: Sum.planned] += tail.scalarCount
        plan.integers = max(plan.integers, tail.classesOffset + tail.classCount)
        return Workspace(plan: plan)
    }

    // A generic class has one entry in its witness table, so the four combinations that are made must be asked for:
    // without these, every access of the kernels goes through a table of functions, 25 times slower.
    @specialized(where Node == CompactNode8, Sum == Float)
    @specialized(where Node == CompactNode8, Sum == Double)
    @specialized(where Node == CompactNode16, Sum == Float)
    @specialized(where Node == CompactNode16, Sum == Double)
    func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace) {
        output.reset(rowCount: rows.rowCount)
        var first = 0
        while first < rows.rowCount {
            let count = min(tileRowCount, rows.rowCount - first)
            let knownFaults = output.faults.count
            ForestKeys.expand(
                rows, firstRow: first, rowCount: count, columns: columns, keys: &Node.Key[of: workspace],
                faults: &output.faults)
            ForestSum.run(
                tables, rowCount: count, keys: &Node.Key[of: workspace], keyStride: columns.slotCount,
                scores: &Sum[of: workspace])
            tail.run(
                rowCount: count, firstRow: first, scalars: &Sum[of: workspace], classes: &workspace.integers,
                output: &output)
            for fault in output.faults[knownFaults...] { output.clear(row: fault.row) }
            first += count
        }
    }
}
