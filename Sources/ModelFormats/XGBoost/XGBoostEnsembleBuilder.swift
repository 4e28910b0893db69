internal import ModelIR

/// Checks the trees of a model and joins them into one ensemble.
///
/// Whatever a traversal will rely on is proven here, with the place in the document where it fails: arrays of equal
/// length, children that exist, one parent a node, features in range, category sets within their array.
struct XGBoostEnsembleBuilder {
    private(set) var ensemble: TreeEnsemble
    /// Numbers a leaf.
    private let leafWidth: Int
    /// Whether categories may be used: their rule for unknown codes is of version 1.5.
    private let allowsCategories: Bool

    init(featureCount: Int, groupCount: Int, leafWidth: Int, allowsCategories: Bool) {
        ensemble = TreeEnsemble(
            featureCount: featureCount, groupCount: groupCount, comparison: .less, precision: .float32)
        ensemble.leafWidth = leafWidth
        self.leafWidth = leafWidth
        self.allowsCategories = allowsCategories
    }

    mutating func reserveNodes(_ count: Int) { ensemble.reserveNodes(count) }

    /// The numbers a leaf of this tree has.
    static func leafWidth(of tree: XGBoostTree, at place: String) throws(ImportError) -> Int {
        guard let text = tree.parameters["size_leaf_vector"] else { return 1 }
        let place = "\(place).tree_param.size_leaf_vector"
        // Versions before 2 write 0 for a plain number.
        return max(1, try XGBoostParameters.natural(text, at: place, max: XGBoostParameters.groupCountMax))
    }

    /// Appends a tree that adds to `group`. One that is not kept is checked all the same.
    mutating func append(
        _ tree: XGBoostTree, group: Int32, weight: Float?, isKept: Bool, at place: String
    ) throws(ImportError) {
        let nodes = try Nodes(tree, at: place)
        let rightMayBeRow = leafWidth > 1 && tree.leafVectors != nil
        let isReached = try reachedNodes(nodes, rightMayBeRow: rightMayBeRow, at: place)
        let categories = try categorySets(tree, nodes, isReached, at: place)
        guard isKept else { return }
        guard ensemble.nodeCount + nodes.count <= TreeEnsemble.nodeCountMax else {
            throw ImportError(
                .limit, at: place, found: "more nodes", expected: "at most \(TreeEnsemble.nodeCountMax) in all trees")
        }

        let base = Int32(ensemble.nodeCount)
        ensemble.roots.append(base)
        ensemble.treeGroups.append(group)
        if let weight { ensemble.treeWeights.append(Double(weight)) }
        for node in 0..<nodes.count {
            // Pruned nodes stay in XGBoost's arrays; nothing leads to them, so they become empty leaves.
            let isInner = isReached[node] && nodes.left[node] >= 0
            ensemble.features.append(isInner ? nodes.features[node] : -1)
            ensemble.thresholds.append(isInner ? Double(nodes.conditions[node]) : 0)
            ensemble.leftChildren.append(isInner ? base + nodes.left[node] : -1)
            ensemble.rightChildren.append(isInner ? base + nodes.right[node] : -1)
            ensemble.missingGoesLeft.append(isInner && nodes.defaultsLeft[node] != 0)
            let isLeaf = isReached[node] && !isInner
            ensemble.leafValues.append(isLeaf ? try leafValue(node, nodes, tree, at: place) : 0)
        }
        for (node, set) in categories {
            ensemble.categoricalNodes.append(
                TreeEnsemble.CategoricalNode(node: base + node, categoriesGoingRight: set))
        }
    }

    /// The arrays that every tree has, of one length.
    private struct Nodes {
        let left: [Int32]
        let right: [Int32]
        let features: [Int32]
        let conditions: [Float]
        let defaultsLeft: [Int32]
        let splitTypes: [Int32]?
        var count: Int { left.count }

        init(_ tree: XGBoostTree, at place: String) throws(ImportError) {
            guard let left = tree.leftChildren else { throw XGBoostFileReader.missing("left_children", in: place) }
            guard let right = tree.rightChildren else { throw XGBoostFileReader.missing("right_children", in: place) }
            guard let features = tree.features else { throw XGBoostFileReader.missing("split_indices", in: place) }
            guard let conditions = tree.conditions else {
                throw XGBoostFileReader.missing("split_conditions", in: place)
            }
            guard let defaultsLeft = tree.defaultsLeft else {
                throw XGBoostFileReader.missing("default_left", in: place)
            }
            (self.left, self.right, self.features, self.conditions) = (left, right, features, conditions)
            (self.defaultsLeft, splitTypes) = (defaultsLeft, tree.splitTypes)
            guard !left.isEmpty else {
                throw ImportError(
                    .malformed, at: "\(place).left_children", found: "no nodes", expected: "at least a leaf")
            }
            let lengths = [
                ("right_children", right.count), ("split_indices", features.count),
                ("split_conditions", conditions.count), ("default_left", defaultsLeft.count),
                ("split_type", tree.splitTypes?.count ?? left.count),
            ]
            for (name, length) in lengths where length != left.count {
                throw ImportError(
                    .malformed, at: "\(place).\(name)", found: "\(length) elements",
                    expected: "\(left.count), one for each of left_children")
            }
            if let text = tree.parameters["num_nodes"] {
                let place = "\(place).tree_param.num_nodes"
                let count = try XGBoostParameters.natural(text, at: place, max: TreeEnsemble.nodeCountMax)
                guard count == left.count else {
                    throw ImportError(
                        .malformed, at: place, found: "\(count)", expected: "\(left.count), as many as left_children")
                }
            }
        }

        func isCategorical(_ node: Int) -> Bool { splitTypes.map { $0[node] == 1 } ?? false }
    }

    /// Walks the tree once from its root.
    private func reachedNodes(
        _ nodes: Nodes, rightMayBeRow: Bool, at place: String
    ) throws(ImportError) -> [Bool] {
        var isReached = [Bool](repeating: false, count: nodes.count)
        isReached[0] = true
        var pending = [0]
        while let node = pending.popLast() {
            if nodes.left[node] == -1 {
                guard nodes.right[node] == -1 || rightMayBeRow else {
                    throw ImportError(
                        .malformed, at: "\(place).right_children[\(node)]", found: "\(nodes.right[node])",
                        expected: "-1, as in left_children[\(node)]")
                }
                continue
            }
            guard nodes.features[node] >= 0, Int(nodes.features[node]) < ensemble.featureCount else {
                throw ImportError(
                    .malformed, at: "\(place).split_indices[\(node)]", found: "\(nodes.features[node])",
                    expected: "0..<\(ensemble.featureCount), the features of the model")
            }
            let type = nodes.splitTypes?[node] ?? 0
            guard type == 0 || type == 1 else {
                throw ImportError(
                    .malformed, at: "\(place).split_type[\(node)]", found: "\(type)",
                    expected: "0 (numeric) or 1 (categorical)")
            }
            guard type == 1 || !nodes.conditions[node].isNaN else {
                throw ImportError(
                    .malformed, at: "\(place).split_conditions[\(node)]", found: "NaN", expected: "a threshold")
            }
            for (name, child) in [("right_children", nodes.right[node]), ("left_children", nodes.left[node])] {
                guard child > 0, Int(child) < nodes.count else {
                    throw ImportError(
                        .malformed, at: "\(place).\(name)[\(node)]", found: "\(child)",
                        expected: name == "left_children" ? "-1 or 1..<\(nodes.count)" : "1..<\(nodes.count)")
                }
                guard !isReached[Int(child)] else {
                    throw ImportError(
                        .malformed, at: "\(place).\(name)[\(node)]", found: "\(child), which has a parent already",
                        expected: "one parent a node, and no cycle")
                }
                isReached[Int(child)] = true
                pending.append(Int(child))
            }
        }
        return isReached
    }

    /// A leaf's value, or the index of the row of numbers that it appends.
    private mutating func leafValue(
        _ node: Int, _ nodes: Nodes, _ tree: XGBoostTree, at place: String
    ) throws(ImportError) -> Double {
        guard leafWidth > 1 else { return Double(nodes.conditions[node]) }
        // Up to version 3.0 every node has a row of base_weights; from 3.1 leaves have one of leaf_weights.
        let row = tree.leafVectors == nil ? node : Int(nodes.right[node])
        let vectors = tree.leafVectors ?? tree.baseWeights
        let rowCount = vectors.count / leafWidth
        guard row >= 0, row < rowCount else {
            throw ImportError(
                .malformed, at: "\(place).right_children[\(node)]", found: "the leaf's row \(row)",
                expected: "0..<\(rowCount), the rows of \(tree.leafVectors == nil ? "base_weights" : "leaf_weights")")
        }
        for index in row * leafWidth..<(row + 1) * leafWidth { ensemble.leafVectors.append(Double(vectors[index])) }
        return Double(ensemble.leafVectors.count / leafWidth - 1)
    }

    /// The sets of categories that go right, by node in ascending order.
    private func categorySets(
        _ tree: XGBoostTree, _ nodes: Nodes, _ isReached: [Bool], at place: String
    ) throws(ImportError) -> [(node: Int32, set: [Int32])] {
        let count = tree.categoryNodes.count
        guard tree.categoryStarts.count == count, tree.categoryCounts.count == count else {
            throw ImportError(
                .malformed, at: "\(place).categories_sizes",
                found: "\(tree.categoryStarts.count) segments and \(tree.categoryCounts.count) sizes",
                expected: "\(count) each, one for each of categories_nodes")
        }
        var sets: [(node: Int32, set: [Int32])] = []
        var hasSet = [Bool](repeating: false, count: count == 0 ? 0 : nodes.count)
        var total = 0
        for index in 0..<count {
            let node = tree.categoryNodes[index]
            guard node >= 0, Int(node) < nodes.count, !hasSet[Int(node)], nodes.isCategorical(Int(node)) else {
                throw ImportError(
                    .malformed, at: "\(place).categories_nodes[\(index)]", found: "\(node)",
                    expected: "a categorical node of 0..<\(nodes.count), each once")
            }
            hasSet[Int(node)] = true
            let start = Int(tree.categoryStarts[index])
            let size = Int(tree.categoryCounts[index])
            total += max(size, 0)
            // Segments do not overlap, so that the sets together are no larger than the array.
            guard start >= 0, size >= 0, start + size <= tree.categories.count, total <= tree.categories.count else {
                throw ImportError(
                    .malformed, at: "\(place).categories_segments[\(index)]", found: "\(size) from \(start)",
                    expected: "a part of 0..<\(tree.categories.count), not used by another node")
            }
            guard isReached[Int(node)], nodes.left[Int(node)] >= 0 else { continue }
            var set = Array(tree.categories[start..<(start + size)])
            set.sort()
            for (position, category) in set.enumerated() {
                guard category >= 0, category < 1 << 24, position == 0 || category > set[position - 1] else {
                    throw ImportError(
                        .malformed, at: "\(place).categories, node \(node)", found: "category \(category)",
                        expected: "each category of 0..<16777216 once")
                }
            }
            sets.append((node, set))
        }
        for node in 0..<nodes.count where isReached[node] && nodes.left[node] >= 0 && nodes.isCategorical(node) {
            guard allowsCategories else {
                throw ImportError(
                    .unsupported, at: "\(place).split_type[\(node)]",
                    found: "a categorical split of a version before 1.5",
                    expected: "numeric splits", remedy: "load it with XGBoost 1.5 or later, and save it again")
            }
            guard count > 0, hasSet[node] else {
                throw ImportError(
                    .malformed, at: "\(place).categories_nodes", found: "nothing for node \(node)",
                    expected: "the categories of each categorical node")
            }
        }
        sets.sort { $0.node < $1.node }
        return sets
    }
}
