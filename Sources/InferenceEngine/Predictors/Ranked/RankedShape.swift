internal import ModelIR

/// What a ranked forest needs to know of an ensemble before its tables are made: one pass over the nodes.
struct RankedShape {
    let form: RankedTables.Form

    /// - Returns: the form that holds the ensemble, or why none does.
    static func find(_ ensemble: TreeEnsemble) -> Result {
        if ensemble.leafWidth > 1 { return .none(reason: "the leaves are vectors") }
        if !ensemble.linearLeaves.isEmpty {
            return .none(reason: "the ensemble has \(ensemble.linearLeaves.count) linear leaves")
        }
        var levelCount = 0
        var leafCount = 0
        var pending: [(node: Int, level: Int)] = []
        for root in ensemble.roots {
            var leavesOfTree = 0
            pending.append((Int(root), 0))
            while let (node, level) = pending.popLast() {
                if ensemble.isLeaf(node) {
                    leavesOfTree += 1
                    levelCount = max(levelCount, level)
                } else {
                    guard !ensemble.thresholds[node].isNaN else {
                        return .none(reason: "a threshold is not a number")
                    }
                    pending.append((Int(ensemble.rightChildren[node]), level + 1))
                    pending.append((Int(ensemble.leftChildren[node]), level + 1))
                }
            }
            leafCount = max(leafCount, leavesOfTree)
            guard levelCount <= 8 || leafCount <= 64 else {
                return .none(reason: "a tree has \(levelCount) levels and one has \(leafCount) leaves")
            }
        }
        switch (levelCount, leafCount) {
        case (...3, _): return .some(RankedShape(form: .levels3))
        case (...6, _): return .some(RankedShape(form: .levels6))
        case (_, ...32): return .some(RankedShape(form: .leaves32))
        case (...8, _): return .some(RankedShape(form: .levels8))
        default: return .some(RankedShape(form: .leaves64))
        }
    }

    enum Result {
        case some(RankedShape)
        case none(reason: String)
    }
}
