internal import ModelIR

/// Checks the trees of a model text and joins them into one ensemble. Nodes of a tree: its inner ones in the file's
/// order, then its leaves in theirs.
struct LightGBMEnsembleBuilder {
    private(set) var ensemble: TreeEnsemble
    /// For each tree the node of its leaf 0.
    private(set) var leafOrigins: [Int32] = []
    /// The keys of a tree that are read. `shrinkage` is in the leaves already.
    static let keys: Set<String> = [
        "num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child", "right_child",
        "leaf_value", "cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features", "leaf_features",
        "leaf_coeff",
    ]

    init(_ header: LightGBMHeader) {
        ensemble = TreeEnsemble(
            featureCount: header.featureNames.count, groupCount: header.groupCount, comparison: .lessOrEqual,
            precision: .float64)
        ensemble.categoryCodes = .truncated
    }

    /// Appends a tree whose known keys have their values at `values`. One that is not kept is checked all the same.
    mutating func append(
        _ values: [String: Range<Int>], number: Int, isKept: Bool, in text: borrowing LightGBMText
    ) throws(ImportError) {
        let tree = try LightGBMTree(values, place: "Tree=\(number)", in: text)
        try tree.check(featureCount: ensemble.featureCount)
        let sets = try tree.categorySets()
        guard isKept else { return }
        let base = ensemble.nodeCount
        guard base + tree.innerCount + tree.leafCount <= TreeEnsemble.nodeCountMax else {
            throw ImportError(
                .limit, at: tree.place, found: "more nodes",
                expected: "at most \(TreeEnsemble.nodeCountMax) in all trees")
        }
        let firstLeaf = base + tree.innerCount
        func node(_ child: Int64) -> Int32 { Int32(child >= 0 ? base + Int(child) : firstLeaf + Int(~child)) }
        ensemble.roots.append(Int32(base))
        ensemble.treeGroups.append(Int32(number % ensemble.groupCount))
        leafOrigins.append(Int32(firstLeaf))
        for index in 0..<tree.innerCount {
            let decision = LightGBMTree.Decision(tree.decisions[index])
            ensemble.features.append(Int32(tree.features[index]))
            ensemble.leafValues.append(0)
            ensemble.takesZeroForMissing.append(decision.missing == .zero && !decision.isCategorical)
            if decision.isCategorical {
                // In the set goes left; the ensemble's sets go right, so the children change places. All else, also
                // what is missing, goes with those outside.
                ensemble.thresholds.append(0)
                ensemble.leftChildren.append(node(tree.right[index]))
                ensemble.rightChildren.append(node(tree.left[index]))
                ensemble.missingGoesLeft.append(true)
            } else {
                ensemble.thresholds.append(Self.threshold(tree.thresholds[index]))
                ensemble.leftChildren.append(node(tree.left[index]))
                ensemble.rightChildren.append(node(tree.right[index]))
                // Where NaN is not the node's missing value, it counts as 0.
                ensemble.missingGoesLeft.append(
                    decision.missing == .none ? 0 <= tree.thresholds[index] : decision.defaultsLeft)
            }
        }
        for (index, set) in sets {
            ensemble.categoricalNodes.append(
                TreeEnsemble.CategoricalNode(node: Int32(base + index), categoriesGoingRight: set))
        }
        for index in 0..<tree.leafCount {
            ensemble.features.append(-1)
            ensemble.leafValues.append(tree.leafValues[index])
            ensemble.thresholds.append(0)
            ensemble.leftChildren.append(-1)
            ensemble.rightChildren.append(-1)
            ensemble.missingGoesLeft.append(false)
            ensemble.takesZeroForMissing.append(false)
        }
        appendLinearLeaves(tree, firstLeaf: firstLeaf)
    }

    /// The library puts 0 for a number within the zero bound before it walks the trees: a threshold there moves to the
    /// bound's edge, where it parts all other numbers as before.
    private static func threshold(_ threshold: Double) -> Double {
        guard abs(threshold) <= TreeEnsemble.zeroBound else { return threshold }
        return threshold < 0 ? (-TreeEnsemble.zeroBound).nextDown : TreeEnsemble.zeroBound
    }

    private mutating func appendLinearLeaves(_ tree: LightGBMTree, firstLeaf: Int) {
        guard let linear = tree.linear else { return }
        var start = 0
        for index in 0..<tree.leafCount {
            let end = start + Int(linear.counts[index])
            ensemble.linearLeaves.append(
                TreeEnsemble.LinearLeaf(
                    node: Int32(firstLeaf + index), constant: linear.constants[index],
                    features: linear.features[start..<end].map { Int32($0) },
                    coefficients: Array(linear.coefficients[start..<end])))
            start = end
        }
    }

    /// The ensemble, once all trees are in it.
    consuming func finish() throws(ImportError) -> (ensemble: TreeEnsemble, leafOrigins: [Int32]) {
        if !ensemble.takesZeroForMissing.contains(true) { ensemble.takesZeroForMissing = [] }
        try ensemble.verify(place: "trees")
        return (ensemble, leafOrigins)
    }
}
