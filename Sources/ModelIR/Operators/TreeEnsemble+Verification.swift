extension TreeEnsemble {
    /// Nodes that one ensemble may have: child indices are 32 bits.
    package static let nodeCountMax = Int(Int32.max)

    /// Proves that every traversal ends in a leaf and stays within the arrays: arrays of equal length, roots, groups,
    /// features and children in range, each node reached exactly once (so no cycle and no sharing), every leaf row in
    /// range.
    ///
    /// - Parameter place: what to call the ensemble in the error.
    /// - Throws: `ImportError` of kind `malformed`, naming the tree and the node.
    /// - Complexity: O(nodes).
    package func verify(place: String) throws(ImportError) {
        let count = features.count
        func fail(_ where: String, _ found: String, _ expected: String) -> ImportError {
            ImportError(.malformed, at: "\(place)\(`where`)", found: found, expected: expected)
        }
        let lengths = [
            ("thresholds", thresholds.count), ("left children", leftChildren.count),
            ("right children", rightChildren.count), ("missing directions", missingGoesLeft.count),
            ("leaf values", leafValues.count),
            ("signs of a missing zero", takesZeroForMissing.isEmpty ? count : takesZeroForMissing.count),
        ]
        for (name, length) in lengths where length != count {
            throw fail("", "\(length) \(name)", "\(count), one a node")
        }
        guard count <= Self.nodeCountMax else { throw fail("", "\(count) nodes", "at most \(Self.nodeCountMax)") }
        guard groupCount > 0, baseScores.count == groupCount else {
            throw fail("", "\(baseScores.count) base scores", "\(groupCount), one a group")
        }
        guard treeGroups.count == roots.count else {
            throw fail("", "\(treeGroups.count) tree groups", "\(roots.count)")
        }
        guard treeWeights.isEmpty || treeWeights.count == roots.count else {
            throw fail("", "\(treeWeights.count) tree weights", "none or \(roots.count)")
        }
        guard leafWidth == 1 || leafWidth == groupCount, leafVectors.count % leafWidth == 0 else {
            throw fail("", "leaves of \(leafWidth) numbers", "1 or \(groupCount)")
        }
        for (tree, group) in treeGroups.enumerated() where group < 0 || Int(group) >= groupCount {
            throw fail(" tree \(tree)", "group \(group)", "0..<\(groupCount)")
        }

        // By spans, and with no text made before something is wrong: forests have millions of nodes.
        let lefts = leftChildren.span
        let rights = rightChildren.span
        let tested = features.span
        var isReached = [Bool](repeating: false, count: count)
        var pending: [Int32] = []
        for (tree, root) in roots.enumerated() {
            pending.append(root)
            while let node = pending.popLast() {
                guard node >= 0, Int(node) < count else {
                    throw fail(" tree \(tree)", "a child at node \(node)", "0..<\(count)")
                }
                let index = Int(node)
                guard !isReached[index] else {
                    throw fail(" tree \(tree) node \(index)", "a second parent", "one parent a node, and no cycle")
                }
                isReached[index] = true
                if lefts[index] < 0 {
                    if let (found, expected) = faultOfLeaf(index) {
                        throw fail(" tree \(tree) node \(index)", found, expected)
                    }
                } else {
                    guard tested[index] >= 0, Int(tested[index]) < featureCount else {
                        throw fail(" tree \(tree) node \(index)", "feature \(tested[index])", "0..<\(featureCount)")
                    }
                    pending.append(rights[index])
                    pending.append(lefts[index])
                }
            }
        }
        try verifyCategories(place: place)
        try verifyLinearLeaves(place: place)
    }

    private func verifyLinearLeaves(place: String) throws(ImportError) {
        guard linearLeaves.isEmpty || (precision == .float64 && leafWidth == 1) else {
            throw ImportError(
                .malformed, at: place, found: "linear leaves", expected: "none but in float64, one number a leaf")
        }
        var previous: Int32 = -1
        for leaf in linearLeaves {
            guard leaf.node > previous, Int(leaf.node) < features.count, isLeaf(Int(leaf.node)) else {
                throw ImportError(
                    .malformed, at: place, found: "a linear leaf at node \(leaf.node)",
                    expected: "leaves in ascending order")
            }
            previous = leaf.node
            guard leaf.features.count == leaf.coefficients.count else {
                throw ImportError(
                    .malformed, at: "\(place) node \(leaf.node)",
                    found: "\(leaf.coefficients.count) coefficients for \(leaf.features.count) features",
                    expected: "one a feature")
            }
            for feature in leaf.features where feature < 0 || Int(feature) >= featureCount {
                throw ImportError(
                    .malformed, at: "\(place) node \(leaf.node)", found: "feature \(feature)",
                    expected: "0..<\(featureCount)")
            }
        }
    }

    /// What is wrong with a leaf, and what should be.
    private func faultOfLeaf(_ node: Int) -> (found: String, expected: String)? {
        guard rightChildren[node] < 0 else { return ("a right child without a left one", "two or none") }
        guard leafWidth > 1 else { return nil }
        let row = leafValues[node]
        guard row >= 0, row < Double(leafVectors.count / leafWidth), row == row.rounded(.down) else {
            return ("leaf row \(row)", "0..<\(leafVectors.count / leafWidth)")
        }
        return nil
    }

    private func verifyCategories(place: String) throws(ImportError) {
        var previous: Int32 = -1
        for entry in categoricalNodes {
            guard entry.node > previous, Int(entry.node) < features.count, !isLeaf(Int(entry.node)) else {
                throw ImportError(
                    .malformed, at: place, found: "categories for node \(entry.node)",
                    expected: "inner nodes in ascending order")
            }
            previous = entry.node
            var last: Int32 = -1
            for category in entry.categoriesGoingRight {
                guard category > last else {
                    throw ImportError(
                        .malformed, at: "\(place) node \(entry.node)", found: "category \(category) after \(last)",
                        expected: "categories from 0 in ascending order")
                }
                last = category
            }
        }
    }
}
