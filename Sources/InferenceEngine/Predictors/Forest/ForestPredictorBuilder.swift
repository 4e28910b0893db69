internal import ModelIR
internal import TensorCore

/// Makes `forest-compact`: a tree ensemble straight over the record's numeric columns, and what follows its scores.
struct ForestPredictorBuilder: PredictorBuilder {
    let name = "forest-compact"

    func fit(_ graph: OptimizedGraph) -> PredictorFit {
        guard let match = ForestMatch(graph) else {
            return .cannotRun(reason: "the graph is not one tree ensemble over the input columns")
        }
        let ensemble = match.ensemble
        if !ensemble.categoricalNodes.isEmpty {
            return .cannotRun(reason: "the ensemble has \(ensemble.categoricalNodes.count) categorical nodes")
        }
        if !ensemble.linearLeaves.isEmpty {
            return .cannotRun(reason: "the ensemble has \(ensemble.linearLeaves.count) linear leaves")
        }
        if !ensemble.takesZeroForMissing.isEmpty {
            return .cannotRun(reason: "the ensemble has nodes that take zero for missing")
        }
        if ensemble.leafWidth > 1, !ensemble.treeWeights.isEmpty {
            return .cannotRun(reason: "the ensemble has both vector leaves and tree weights")
        }
        guard CompactNode16.holds(match) else {
            return .cannotRun(reason: "the ensemble has more nodes or columns than a compact node can count")
        }
        guard match.tail(tileRowCount: 1) != nil else {
            return .cannotRun(reason: "something other than activations and labels follows the ensemble")
        }
        return .runs(
            rank: 10, reason: "\(ensemble.treeCount) trees over the input columns, walked eight at a time")
    }

    func makePredictor(for graph: OptimizedGraph) throws(ImportError) -> any Predictor {
        guard let match = ForestMatch(graph) else { preconditionFailure("fit() said that it matches") }
        let isNarrow = match.ensemble.precision != .float64 && CompactNode8.holds(match)
        switch (isNarrow, match.ensemble.precision) {
        case (true, .float32): return make(match, CompactNode8.self, Float.self)
        case (true, _): return make(match, CompactNode8.self, Double.self)
        case (false, .float32): return make(match, CompactNode16.self, Float.self)
        case (false, _): return make(match, CompactNode16.self, Double.self)
        }
    }

    private func make<Node: CompactNode, Sum: ActivationScalar>(
        _ match: ForestMatch, _: Node.Type, _: Sum.Type
    ) -> any Predictor {
        let forest = CompactForest<Node, Sum>(match.ensemble)
        let slotCount = match.columns.slotCount
        let tileRowCount = min(max(Self.tileBytes / (slotCount * MemoryLayout<Node.Key>.stride), 1), Self.tileRowsMax)
        guard let tail = match.tail(tileRowCount: tileRowCount, keysInIntegers: Node.Key.self == Int32.self) else {
            preconditionFailure("fit() said that the tail matches")
        }
        // Fitted to measurements of 50 to 1000 trees of depth 4 to 10 at a batch of one.
        let isSmall = forest.byteCount < 1 << 19
        let cost =
            180 + 0.7 * Double(slotCount) + Double(forest.levelCount) * (isSmall ? 1.0 : 2.0) + tail.nanosecondsPerRow
        let report = PredictorReport(
            name: name,
            reason: "\(match.ensemble.treeCount) trees over the input columns, walked eight at a time",
            nanosecondsPerRow: cost, tableBytes: forest.byteCount)
        return ForestPredictor(
            forest, columns: match.columns, tail: tail, tileRowCount: tileRowCount, report: report)
    }

    /// Keys of a tile: half of a small first-level cache, so that the nodes of eight trees fit beside them.
    private static let tileBytes = 16384
    private static let tileRowsMax = 32
}

/// A graph of the form that `forest-compact` runs.
struct ForestMatch {
    let ensemble: TreeEnsemble
    let columns: ForestKeys.Columns
    private let graph: OptimizedGraph
    private let scoreNode: ValueID

    init?(_ graph: OptimizedGraph) {
        guard graph.nodes.count >= 2, case .selectColumns(let selected) = graph.nodes[0].node.operation,
            case .treeEnsemble(let ensemble) = graph.nodes[1].node.operation, selected.count <= Int(Int32.max) / 4
        else { return nil }
        let inputs = graph.signature.inputs
        self.graph = graph
        self.ensemble = ensemble
        scoreNode = ValueID(index: 1)
        columns = ForestKeys.Columns(
            indices: selected.map { Int32($0) },
            areInOrder: selected == Array(inputs.indices),
            integerPositions: selected.indices.filter { inputs[selected[$0]].kind == .int64 },
            narrowsToFloat32: ensemble.precision != .float64,
            requiredColumns: inputs.indices.filter { !inputs[$0].acceptsMissing })
    }

    /// What follows the scores; the class indices lie behind the keys if both are in the workspace's `integers`.
    func tail(tileRowCount: Int, keysInIntegers: Bool = false) -> ScoreTail? {
        ScoreTail(
            graph, scoreNode: scoreNode, tileRowCount: tileRowCount,
            classesOffset: keysInIntegers ? columns.slotCount * tileRowCount : 0)
    }
}

extension CompactNode {
    fileprivate static func holds(_ match: ForestMatch) -> Bool {
        match.columns.slotCount <= slotCountMax && match.ensemble.nodeCount < nodeCountMax
            && match.ensemble.leafVectors.count < nodeCountMax
    }
}
