internal import ModelIR

extension RankedTables {
    /// - Parameters:
    ///   - ensemble: verified, of a shape that `form` holds.
    ///   - slots: of the ensemble.
    /// - Complexity: O(nodes x log thresholds + trees x the form's nodes).
    init(_ ensemble: TreeEnsemble, slots: RankedSlots, form: Form) {
        self.init(form: form, columnCount: ensemble.featureCount, baseScores: ensemble.baseScores)
        sumsAreDouble = ensemble.precision != .float32
        rightIfEqual = ensemble.comparison == .less
        isExact = ensemble.precision == .float64
        truncatesCodes = ensemble.categoryCodes == .truncated
        self.slots = slots.slots
        allSlotCount = slots.allSlotCount
        categories = slots.categories

        // Trees of one group stand together: sums of different groups do not meet, and within one the order stays.
        var treesOfGroups = [[Int]](repeating: [], count: ensemble.groupCount)
        for tree in ensemble.roots.indices { treesOfGroups[Int(ensemble.treeGroups[tree])].append(tree) }
        for trees in treesOfGroups {
            for tree in trees {
                let weight = ensemble.treeWeights.isEmpty ? nil : ensemble.treeWeights[tree]
                let source = Source(ensemble: ensemble, slots: slots, weight: weight)
                if form.isByLevels {
                    appendLevels(Int(ensemble.roots[tree]), of: source)
                } else {
                    appendLeaves(Int(ensemble.roots[tree]), of: source)
                }
            }
            var count = trees.count
            while count % form.treesTogether != 0 {
                appendEmptyTree()
                count += 1
            }
            groupTreeCounts.append(count)
        }
    }

    /// What a tree is made of.
    private struct Source {
        let ensemble: TreeEnsemble
        let slots: RankedSlots
        let weight: Double?

        /// A leaf's value as it is added, times the tree's weight.
        func leaf(_ node: Int) -> Double {
            let value = ensemble.leafValues[node]
            if ensemble.precision == .float32 {
                return Double(weight.map { Float($0) * Float(value) } ?? Float(value))
            }
            return weight.map { $0 * value } ?? value
        }
    }

    /// A tree that adds -0.0, which changes no sum.
    private mutating func appendEmptyTree() {
        appendPlaceholders()
        for index in leaves.count - form.leafCount..<leaves.count { leaves[index] = -0.0 }
    }

    /// Room for one tree, all of whose nodes go left.
    private mutating func appendPlaceholders() {
        nodeSlots += [Int](repeating: 0, count: form.nodeCount)
        nodeRanks += [Int8](repeating: .max, count: form.nodeCount)
        leaves += [Double](repeating: 0, count: form.leafCount)
        if form == .levels8 { pairs += [Pair](repeating: Pair(), count: form.exitCount) }
        if !form.isByLevels {
            nodeLefts += [Int](repeating: 0, count: form.nodeCount)
            nodeRights += [Int](repeating: 0, count: form.nodeCount)
            nodeSets += [UInt64](repeating: 0, count: form.nodeCount)
        }
    }

    // MARK: By levels

    private mutating func appendLevels(_ root: Int, of source: Source) {
        let tree = treeCount
        appendPlaceholders()
        let levelCount = form == .levels3 ? 3 : 6
        let firstNode = tree * form.nodeCount
        var pending = [(node: root, place: 1, level: 0)]
        while let (node, place, level) = pending.popLast() {
            if level == levelCount {
                let exit = place - form.exitCount
                if form == .levels8 {
                    setPair(tree: tree, exit: exit, node, of: source)
                } else {
                    leaves[tree * form.leafCount + exit] = source.leaf(node)
                }
            } else if source.ensemble.isLeaf(node) {
                // Placeholders below go left.
                pending.append((node, 2 * place, level + 1))
            } else {
                (nodeSlots[firstNode + place], nodeRanks[firstNode + place]) = source.slots.place(ofNode: node)
                pending.append((Int(source.ensemble.leftChildren[node]), 2 * place, level + 1))
                pending.append((Int(source.ensemble.rightChildren[node]), 2 * place + 1, level + 1))
            }
        }
    }

    private mutating func setPair(tree: Int, exit: Int, _ root: Int, of source: Source) {
        let pair = tree * form.exitCount + exit
        let firstLeaf = 4 * pair
        var pending = [(node: root, place: 1)]
        while let (node, place) = pending.popLast() {
            if place >= 4 {
                leaves[firstLeaf + place - 4] = source.leaf(node)
            } else if source.ensemble.isLeaf(node) {
                pending.append((node, 2 * place))
            } else {
                (pairs[pair].slots[place - 1], pairs[pair].ranks[place - 1]) = source.slots.place(ofNode: node)
                pending.append((Int(source.ensemble.leftChildren[node]), 2 * place))
                pending.append((Int(source.ensemble.rightChildren[node]), 2 * place + 1))
            }
        }
    }

    // MARK: By leaves

    private mutating func appendLeaves(_ root: Int, of source: Source) {
        let tree = treeCount
        appendPlaceholders()
        let firstNode = tree * form.nodeCount
        let firstLeaf = tree * form.leafCount
        var leafCount = 0
        var nodeCount = 0
        // Values of finished subtrees: a child's number, and the leaves below it.
        var finished: [(child: Int, leaves: UInt64)] = []
        var pending = [(node: root, isExpanded: false)]
        while let (node, isExpanded) = pending.popLast() {
            if source.ensemble.isLeaf(node) {
                leaves[firstLeaf + leafCount] = source.leaf(node)
                finished.append((leafCount, 1 << UInt64(leafCount)))
                leafCount += 1
            } else if !isExpanded {
                pending.append((node, true))
                pending.append((Int(source.ensemble.rightChildren[node]), false))
                pending.append((Int(source.ensemble.leftChildren[node]), false))
            } else if let right = finished.popLast(), let left = finished.popLast() {
                let index = firstNode + nodeCount
                (nodeSlots[index], nodeRanks[index]) = source.slots.place(ofNode: node)
                nodeLefts[index] = left.child
                nodeRights[index] = right.child
                nodeSets[index] = left.leaves
                finished.append((form.exitCount + nodeCount, left.leaves | right.leaves))
                nodeCount += 1
            }
        }
        // What fills up passes the root's leaf on.
        let last = finished.last?.child ?? 0
        for index in firstNode + nodeCount..<firstNode + form.nodeCount {
            nodeLefts[index] = last
            nodeRights[index] = last
        }
    }
}
