internal import ModelIR

/// A verified ensemble in the form that the kernels walk.
struct CompactForest<Node: CompactNode, Sum: ActivationScalar>: Sendable {
    let tables: ForestSum.Tables<Node, Sum>
    /// Nodes on all paths of one row at most; for the predicted cost.
    let levelCount: Int

    var byteCount: Int {
        tables.nodes.count * MemoryLayout<Node>.stride + tables.leafValues.count * MemoryLayout<Sum>.stride
            + tables.roots.count * 4
    }

    /// - Parameter ensemble: verified, without categorical nodes, within the bounds of `Node`; with vector leaves it
    ///   has no tree weights.
    init(_ ensemble: TreeEnsemble) {
        var tables = ForestSum.Tables<Node, Sum>()
        tables.treeCount = ensemble.treeCount
        tables.groupCount = ensemble.groupCount
        tables.hasVectorLeaves = ensemble.leafWidth > 1
        tables.baseScores = ensemble.baseScores.map { Sum($0) }
        if tables.hasVectorLeaves {
            tables.leafValues = ensemble.leafVectors.map { Sum($0) }
        } else if ensemble.groupCount > 1 {
            tables.treeGroups = ensemble.treeGroups
        }
        var levelCount = 0
        for tree in ensemble.roots.indices {
            let depth = Self.append(tree, of: ensemble, to: &tables)
            if tree % ForestWalk.blockTreeCount == 0 { tables.levels.append(0) }
            let block = tables.levels.count - 1
            tables.levels[block] = max(tables.levels[block], Int32(depth))
        }
        if let last = tables.roots.last {
            while tables.roots.count % ForestWalk.blockTreeCount != 0 { tables.roots.append(last) }
        }
        for level in tables.levels { levelCount += Int(level) * ForestWalk.blockTreeCount }
        self.tables = tables
        self.levelCount = levelCount
    }

    /// Appends one tree, siblings side by side, level by level.
    /// - Returns: its depth.
    private static func append(
        _ tree: Int, of ensemble: TreeEnsemble, to tables: inout ForestSum.Tables<Node, Sum>
    ) -> Int {
        let columnCount = ensemble.featureCount
        let weight = ensemble.treeWeights.isEmpty ? nil : ensemble.treeWeights[tree]
        let placeholder = Node(threshold: 0, slot: 0, left: 0)
        tables.roots.append(Int32(tables.nodes.count))
        var waiting = [(node: Int(ensemble.roots[tree]), place: tables.nodes.count, depth: 0)]
        tables.nodes.append(placeholder)
        var next = 0
        while next < waiting.count {
            let (node, place, depth) = waiting[next]
            next += 1
            if ensemble.isLeaf(node) {
                let leaf = Self.appendLeaf(node, of: ensemble, weight: weight, to: &tables)
                tables.nodes[place] = Node(threshold: Node.Key(leaf), slot: 0, left: place)
            } else {
                let left = tables.nodes.count
                tables.nodes.append(placeholder)
                tables.nodes.append(placeholder)
                let feature = Int(ensemble.features[node])
                let slot = 1 + feature + (ensemble.missingGoesLeft[node] ? 0 : columnCount)
                tables.nodes[place] = Node(
                    threshold: ensemble.key(ofThresholdAt: node), slot: slot, left: left)
                waiting.append((Int(ensemble.leftChildren[node]), left, depth + 1))
                waiting.append((Int(ensemble.rightChildren[node]), left + 1, depth + 1))
            }
        }
        return waiting.last?.depth ?? 0
    }

    /// Appends a leaf's value, times the tree's weight; a vector leaf names its row, which is shared.
    /// - Returns: the leaf's number in the leaf table.
    private static func appendLeaf(
        _ node: Int, of ensemble: TreeEnsemble, weight: Double?, to tables: inout ForestSum.Tables<Node, Sum>
    ) -> Int {
        if tables.hasVectorLeaves { return Int(ensemble.leafValues[node]) }
        let value = Sum(ensemble.leafValues[node])
        if let weight { tables.leafValues.append(Sum(weight) * value) } else { tables.leafValues.append(value) }
        return tables.leafValues.count - 1
    }
}

extension TreeEnsemble {
    /// The key that a row's key must exceed to go right.
    fileprivate func key<Key: ForestKey>(ofThresholdAt node: Int) -> Key {
        let threshold = thresholds[node]
        // Nothing is less than NaN, so every number goes right.
        guard !threshold.isNaN else { return .min }
        switch precision {
        case .float64:
            let key = Key.key(threshold)
            return comparison == .less ? key - 1 : key
        case .float32:
            let key = Key.key(Double(Float(threshold)))
            return comparison == .less ? key - 1 : key
        case .float32FeaturesFloat64Sums:
            // The largest float32 at or below the threshold separates the same float32 numbers.
            let narrow = Float(threshold)
            let below = Double(narrow) > threshold ? narrow.nextDown : narrow
            let key = Key.key(Double(below))
            return comparison == .less && Double(below) == threshold ? key - 1 : key
        }
    }
}
