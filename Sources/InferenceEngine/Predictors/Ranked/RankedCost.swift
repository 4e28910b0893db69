internal import ModelIR

/// Predicted times of a ranked forest in nanoseconds, fitted to measurements of 100 to 500 trees on a processor with
/// AVX2.
struct RankedCost {
    /// Of a row alone, and of one among many.
    let ofOne: Double
    let ofMany: Double
    let tableBytes: Int

    init(_ ensemble: TreeEnsemble, slots: RankedSlots, form: RankedTables.Form, level: CPULevel) {
        let trees = Double(ensemble.treeCount + ensemble.groupCount * (form.treesTogether - 1) / 2)
        let slotCount = slots.slots.count
        let usesShuffles = level != .portable && slotCount <= RankedForest.shuffledSlotsMax
        let perSlot = level == .portable ? 12.0 : ensemble.precision == .float64 ? 3.2 : 2.0
        let ranking = 60 + 0.6 * Double(ensemble.featureCount) + perSlot * Double(slotCount)
        let few = slotCount <= 32
        let walked: (one: Double, many: Double) =
            switch (form, usesShuffles) {
            case (.levels3, true): (few ? 1.0 : 1.2, 0.6)
            case (.levels6, true): (few ? 2.4 : 3.4, 1.2)
            case (.levels8, true): (few ? 4.5 : 5.5, 3.0)
            case (.leaves32, true): (few ? 2.6 : 3.5, 2.2)
            case (.leaves64, true): (few ? 6.0 : 8.0, 4.5)
            case (.levels3, false): (4, level == .portable ? 1.0 : 0.6)
            case (.levels6, false): (8.5, level == .portable ? 2.5 : 1.1)
            case (.levels8, false): (12, level == .portable ? 6 : 3)
            case (.leaves32, false): (30, level == .portable ? 6 : 2.2)
            case (.leaves64, false): (60, level == .portable ? 12 : 4.5)
            }
        ofOne = 1.4 * (ranking + trees * walked.one)
        ofMany = 1.2 * (ranking + trees * walked.many)
        let leafSize = ensemble.precision == .float32 ? 4 : 8
        let nodeBytes = form.nodeCount * (form.isByLevels ? 5 : 15)
        let pairBytes = form == .levels8 ? 16 * form.exitCount : 0
        let thresholdBytes = slots.slots.reduce(0) { $0 + ($1.thresholds.count + 32) * leafSize }
        tableBytes =
            ensemble.treeCount * (nodeBytes + pairBytes + form.leafCount * leafSize) + thresholdBytes
    }

    /// Rows from which on a tile is run side by side: 64 lanes cost the same however few of them are rows.
    static func batchRowsMin(_ tables: RankedTables, level: CPULevel) -> Int {
        if level == .portable { return 6 }
        // Without shuffles one row is walked.
        if tables.slots.count > RankedForest.shuffledSlotsMax { return 12 }
        return switch tables.form {
        case .levels6: 24
        case .levels3: 32
        case .levels8: 40
        case .leaves32, .leaves64: 36
        }
    }
}
