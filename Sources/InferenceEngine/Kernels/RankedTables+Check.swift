internal import ModelIR

extension RankedTables {
    /// What counts as zero where zero is missing.
    static let zeroBound = TreeEnsemble.zeroBound

    /// Traps if a table would lead a kernel outside of another: what `RankedForest` relies on.
    func check() {
        let copies = slots.compactMap(\.rightCopy).sorted()
        precondition(copies == Array(slots.count..<allSlotCount), "one copy a place behind the slots")
        precondition(allSlotCount <= 1 << 16, "slots that a node can name")
        for slot in slots {
            precondition(slot.column >= 0 && slot.column < columnCount, "a column of the row")
            precondition(slot.thresholds.count <= 255, "ranks of a byte")
            for (low, high) in zip(slot.thresholds, slot.thresholds.dropFirst()) {
                precondition(low < high, "ascending thresholds")
            }
        }
        for category in categories {
            precondition(category.column >= 0 && category.column < columnCount, "a column of the row")
            precondition(category.setCount > 0 && category.firstSlot >= 0, "slots of categories")
            precondition(category.firstSlot + category.setCount <= slots.count, "slots of categories")
            precondition(
                category.memberships.count == (category.codeCount + 1) * category.setCount, "a row a code")
            for set in category.firstSlot..<category.firstSlot + category.setCount {
                precondition(slots[set].thresholds.isEmpty, "a slot is of categories or of thresholds")
            }
        }
        let treeCount = treeCount
        precondition(leaves.count == treeCount * form.leafCount, "leaves of whole trees")
        precondition(groupTreeCounts.reduce(0, +) == treeCount, "groups of all trees")
        precondition(groupTreeCounts.count == baseScores.count && !baseScores.isEmpty, "a base score a group")
        for count in groupTreeCounts { precondition(count % form.treesTogether == 0, "trees filled up") }
        precondition(
            nodeSlots.count == treeCount * form.nodeCount && nodeRanks.count == nodeSlots.count, "nodes of whole trees")
        for slot in nodeSlots { precondition(slot >= 0 && slot < max(allSlotCount, 1), "a slot of the row") }
        precondition(pairs.count == (form == .levels8 ? treeCount * form.exitCount : 0), "a pair an exit")
        for pair in pairs {
            precondition(pair.slots.count == 3 && pair.ranks.count == 3, "three nodes a pair")
            for slot in pair.slots { precondition(slot >= 0 && slot < max(allSlotCount, 1), "a slot of the row") }
        }
        guard !form.isByLevels else { return }
        precondition(
            nodeLefts.count == nodeSlots.count && nodeRights.count == nodeSlots.count
                && nodeSets.count == nodeSlots.count, "children of whole trees")
        for index in nodeSlots.indices {
            // The last leaf is in no set, so that one is always left.
            precondition(nodeSets[index] < 1 << UInt64(form.exitCount - 1), "sets of the form's leaves")
            let valueCount = form.exitCount + index % form.nodeCount
            precondition(nodeLefts[index] >= 0 && nodeLefts[index] < max(valueCount, 1), "children before parents")
            precondition(nodeRights[index] >= 0 && nodeRights[index] < max(valueCount, 1), "children before parents")
        }
    }
}
