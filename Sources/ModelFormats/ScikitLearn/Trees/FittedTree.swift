internal import ModelIR

/// One fitted tree as a file holds it (`sklearn.tree._tree.Tree`): its nodes, and what each node would predict.
struct FittedTree {
    /// Where it lies, such as `model/estimators_[3].tree_`, for messages.
    let place: String
    /// -1 in a leaf, else another node.
    let leftChildren: [Int32]
    let rightChildren: [Int32]
    let features: [Int32]
    let thresholds: [Double]
    /// Empty before 1.3.
    let missingGoesLeft: [Bool]
    /// Outputs of a tree with several targets.
    let outputCount: Int
    /// Numbers a node and an output: the largest number of classes, 1 in a regressor.
    let valueWidth: Int
    /// Row-major [nodes, outputs, valueWidth].
    let values: [Double]

    var nodeCount: Int { features.count }
    func isLeaf(_ node: Int) -> Bool { leftChildren[node] < 0 }

    /// Nodes on the path from the root to each node, both counted; 0 where no path leads.
    ///
    /// - Throws: `ImportError` where a node has two parents, so that a path could be endless.
    func depths() throws(ImportError) -> [Int32] {
        var depths = [Int32](repeating: 0, count: nodeCount)
        var pending: [Int32] = [0]
        depths[0] = 1
        while let node = pending.popLast() {
            guard !isLeaf(Int(node)) else { continue }
            for child in [leftChildren[Int(node)], rightChildren[Int(node)]] {
                guard child >= 0, depths[Int(child)] == 0 else {
                    throw ImportError(
                        .malformed, at: "\(place).nodes[\(node)]", found: "a child at node \(child)",
                        expected: "two children, each with one parent")
                }
                depths[Int(child)] = depths[Int(node)] + 1
                pending.append(child)
            }
        }
        return depths
    }
}

extension TreeEnsemble {
    /// Appends a tree, whose leaf values are zero until they are set.
    ///
    /// - Parameter columns: the ensemble's column behind each of the tree's features; nil if they are the same.
    /// - Returns: the ensemble's index of the tree's first node.
    /// - Throws: `ImportError` where a feature has no column.
    mutating func append(
        _ tree: FittedTree, group: Int = 0, columns: [Int32]? = nil
    ) throws(ImportError) -> Int {
        let first = nodeCount
        guard first + tree.nodeCount <= Self.nodeCountMax else {
            throw ImportError(
                .limit, at: tree.place, found: "\(first + tree.nodeCount) nodes",
                expected: "at most \(Self.nodeCountMax)")
        }
        let offset = Int32(first)
        roots.append(offset)
        treeGroups.append(Int32(group))
        for node in 0..<tree.nodeCount {
            let isLeaf = tree.isLeaf(node)
            guard isLeaf || tree.rightChildren[node] >= 0 else {
                throw ImportError(
                    .malformed, at: "\(tree.place).nodes[\(node)]", found: "a left child without a right one",
                    expected: "two or none")
            }
            leftChildren.append(isLeaf ? -1 : tree.leftChildren[node] + offset)
            rightChildren.append(isLeaf ? -1 : tree.rightChildren[node] + offset)
            var feature = isLeaf ? -1 : tree.features[node]
            if let columns, !isLeaf {
                guard columns.indices.contains(Int(feature)) else {
                    throw ImportError(
                        .malformed, at: "\(tree.place).nodes[\(node)]", found: "feature \(feature)",
                        expected: "0..<\(columns.count)")
                }
                feature = columns[Int(feature)]
            }
            features.append(feature)
            missingGoesLeft.append(tree.missingGoesLeft.isEmpty ? false : tree.missingGoesLeft[node])
        }
        thresholds += tree.thresholds
        leafValues += [Double](repeating: 0, count: tree.nodeCount)
        return first
    }

    /// Sets what a leaf adds: one number, or one a group.
    mutating func setLeaf(_ node: Int, to values: ArraySlice<Double>) {
        if leafWidth == 1 {
            leafValues[node] = values.first ?? 0
        } else {
            leafValues[node] = Double(leafVectors.count / leafWidth)
            leafVectors += values
        }
    }
}
