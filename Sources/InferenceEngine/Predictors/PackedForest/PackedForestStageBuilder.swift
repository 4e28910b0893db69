internal import ModelIR

/// Makes `forest-packed`: any tree ensemble, its scores or the leaves that its trees end in.
struct PackedForestStageBuilder: StageBuilder {
    let name = "forest-packed"
    /// What the processor can do; less in tests.
    var level = CPULevel.current

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        switch node.operation {
        case .treeEnsemble(let ensemble):
            return offer(ensemble, origins: [], node: node)
        case .treeLeaves(let leaves):
            guard leaves.ensemble.treeCount > 0 else { return .cannotRun(reason: "the ensemble has no trees") }
            return offer(leaves.ensemble, origins: leaves.origins, node: node)
        default: return nil
        }
    }

    private func offer(_ ensemble: TreeEnsemble, origins: [Int32], node: Node) -> StageOffer {
        let statistics = PackedForestStatistics(ensemble)
        // The estimate knows nothing of sets that are alike.
        if statistics.categoryBytes > PackedForestSlots.bitBytesMax, PackedForestSlots(ensemble, form: .wide) == nil {
            return .cannotRun(
                reason: "the categories of its nodes would take more than \(PackedForestSlots.bitBytesMax) bytes")
        }
        // Slots are always few enough: a value's columns are bounded, and so are the categories' bits.
        guard PackedForest.counts(ensemble) else {
            return .cannotRun(reason: "\(ensemble.nodeCount) nodes are more than it can count")
        }
        let level = level
        let path = node.path
        return .runs(
            StagePlan(
                inputs: node.inputs, nanosecondsPerRow: statistics.nanosecondsPerRow,
                nanosecondsPerRowOfMany: statistics.nanosecondsPerRowOfMany,
                reason: "\(ensemble.treeCount) trees of \(ensemble.nodeCount) nodes, packed into cache lines",
                tableBytes: statistics.tableBytes,
                make: { places, memory throws(ImportError) in
                    guard let forest = PackedForest(ensemble, origins: origins) else {
                        throw ImportError(
                            .unsupported, at: path, found: "an ensemble of \(ensemble.nodeCount) nodes",
                            expected: "fewer nodes, features or categories")
                    }
                    return PackedForestStage(
                        forest, ensemble: ensemble, checksMissing: origins.isEmpty, level: level, places: places,
                        memory: &memory)
                }))
    }
}
