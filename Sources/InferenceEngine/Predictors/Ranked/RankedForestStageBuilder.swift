internal import ModelIR
internal import TensorCore

/// Makes `forest-ranked`: a tree ensemble of a few levels or leaves a tree.
struct RankedForestStageBuilder: StageBuilder {
    let name = "forest-ranked"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard case .treeEnsemble(let ensemble) = node.operation else { return nil }
        if graph.type(node.inputs[0]).kind != .float64 {
            return .cannotRun(reason: "the ensemble reads \(graph.type(node.inputs[0]).kind.rawValue) numbers")
        }
        let form: RankedTables.Form
        switch RankedShape.find(ensemble) {
        case .none(let reason): return .cannotRun(reason: reason)
        case .some(let shape): form = shape.form
        }
        // The thresholds decide how many bytes a row has; the trees wait until the plan is chosen.
        guard let slots = RankedSlots(ensemble) else {
            return .cannotRun(reason: "a row would have more than \(RankedSlots.slotCountMax) ranks")
        }
        let level = CPULevel.current
        let cost = RankedCost(ensemble, slots: slots, form: form, level: level)
        // Every tree takes the room of the largest: one deep tree among stumps would make tables many times the file.
        guard cost.tableBytes <= Self.tableBytesMin + Self.tableBytesPerNode * ensemble.nodeCount else {
            return .cannotRun(
                reason: "its trees differ so much that tables of one size would be \(cost.tableBytes) bytes")
        }
        return .runs(
            StagePlan(
                inputs: Self.readsRecord(node.inputs[0], of: graph) ? [] : node.inputs,
                nanosecondsPerRow: cost.ofOne,
                nanosecondsPerRowOfMany: cost.ofMany,
                reason: "\(ensemble.treeCount) trees over \(slots.slots.count) ranks, all nodes decided at once",
                tableBytes: cost.tableBytes,
                make: { places, memory throws(ImportError) in
                    let tables = RankedTables(ensemble, slots: slots, form: form)
                    return RankedForestStage(
                        RankedForest(tables, level: level), ensemble: ensemble, places: places, memory: &memory)
                }))
    }

    /// Whether a value is the record itself, all doubles in their order: it need not be copied.
    private static func readsRecord(_ value: ValueID, of graph: OptimizedGraph) -> Bool {
        guard case .selectColumns(let columns) = graph.node(value).operation else { return false }
        let inputs = graph.signature.inputs
        return columns.elementsEqual(inputs.indices) && inputs.allSatisfy { $0.kind == .float64 }
    }

    private static let tableBytesMin = 1 << 20
    private static let tableBytesPerNode = 256
}
