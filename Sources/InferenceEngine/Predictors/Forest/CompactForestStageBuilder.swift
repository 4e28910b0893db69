internal import ModelIR

/// Makes `forest-compact`: a tree ensemble with numeric splits and constant leaves.
struct CompactForestStageBuilder: StageBuilder {
    let name = "forest-compact"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .treeEnsemble(let ensemble) = node.operation else { return nil }
        if graph.type(node.inputs[0]).kind != .float64 {
            return .cannotRun(reason: "the ensemble reads \(graph.type(node.inputs[0]).kind.rawValue) numbers")
        }
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
        guard CompactNode16.holds(ensemble) else {
            return .cannotRun(reason: "the ensemble has more nodes or columns than a compact node can count")
        }
        let isNarrow = ensemble.precision != .float64 && CompactNode8.holds(ensemble)
        let bytes = ensemble.nodeCount * (isNarrow ? 8 : 16) + ensemble.nodeCount * 4
        // Fitted to measurements of 50 to 1000 trees of depth 4 to 10 at a batch of one.
        let depth = (Double(ensemble.nodeCount) / Double(max(ensemble.treeCount, 1)) / 2 + 1).logarithm2
        let visits = Double(ensemble.treeCount) * depth
        let cost =
            60 + 1.4 * Double(ensemble.featureCount) + visits * (bytes < 1 << 19 ? 1.0 : 2.0)
        return .runs(
            StagePlan(
                inputs: node.inputs, nanosecondsPerRow: cost, nanosecondsPerRowOfMany: cost,
                reason: "\(ensemble.treeCount) trees, walked eight at a time", tableBytes: bytes,
                make: { places, memory throws(ImportError) in
                    Self.stage(ensemble, isNarrow: isNarrow, places, &memory)
                }))
    }

    private static func stage(
        _ ensemble: TreeEnsemble, isNarrow: Bool, _ places: StagePlaces, _ memory: inout MemoryPlan
    ) -> any Stage {
        func make<Node: CompactNode, Sum: ActivationScalar>(_: Node.Type, _: Sum.Type) -> any Stage {
            CompactForestStage(
                CompactForest<Node, Sum>(ensemble), ensemble: ensemble, places: places, memory: &memory)
        }
        return switch (isNarrow, ensemble.precision) {
        case (true, .float32): make(CompactNode8.self, Float.self)
        case (true, _): make(CompactNode8.self, Double.self)
        case (false, .float32): make(CompactNode16.self, Float.self)
        case (false, _): make(CompactNode16.self, Double.self)
        }
    }
}

extension CompactNode {
    fileprivate static func holds(_ ensemble: TreeEnsemble) -> Bool {
        ForestKeys.slotCount(columnCount: ensemble.featureCount) <= slotCountMax
            && ensemble.nodeCount < nodeCountMax && ensemble.leafVectors.count < nodeCountMax
    }
}

extension Double {
    /// At least 1.
    fileprivate var logarithm2: Double { Swift.max(Double(exponent) + significand - 1, 1) }
}
