internal import ModelIR

/// Where each test of a model's splits stands among the columns that the trees see: numbers, then one column a one-hot
/// category, then the statistics.
struct CatBoostFeatures: Sendable {
    /// Place of each float feature by its index, in ascending order of index.
    let floats: [Int: Int]
    /// Place of each categorical feature among the hashes.
    let categories: [Int: Int]
    /// For each categorical feature the hashes that splits ask for, ascending.
    private(set) var oneHots: [Int: [Int32]] = [:]
    private(set) var oneHotCount = 0
    let ctrCount: Int

    init(_ file: CatBoostFile) throws(ImportError) {
        floats = Self.places(file.floatFeatures.keys)
        categories = Self.places(file.categoryFeatures.keys)
        ctrCount = file.ctrs.count
        for tree in file.symmetricTrees {
            for split in tree.splits { note(split) }
        }
        for tree in file.otherTrees {
            for node in tree { if let split = node.split { note(split) } }
        }
        for (category, hashes) in oneHots { oneHots[category] = Set(hashes).sorted() }
        oneHotCount = oneHots.values.reduce(0) { $0 + $1.count }
    }

    private static func places(_ indices: some Sequence<Int>) -> [Int: Int] {
        var places: [Int: Int] = [:]
        for (place, index) in indices.sorted().enumerated() { places[index] = place }
        return places
    }

    private mutating func note(_ split: CatBoostFile.Split) {
        if case .equals(let category, let hash) = split { oneHots[category, default: []].append(hash) }
    }

    /// Categorical features with one-hot columns, in the order of those.
    var oneHotCategories: [Int] { oneHots.keys.sorted() }
    var count: Int { floats.count + oneHotCount + ctrCount }

    /// Where a hash stands among those of its feature; nil if no split asks for it.
    func position(of hash: Int32, category: Int) -> Int? {
        guard let hashes = oneHots[category] else { return nil }
        var range = 0..<hashes.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if hashes[middle] == hash { return middle }
            range = hashes[middle] < hash ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }
}

/// Turns the trees into an ensemble over the columns of `CatBoostFeatures`. A symmetric tree becomes a full one: its
/// first level asks the last split, so that leaves stand in the order of their numbers.
struct CatBoostEnsembleBuilder {
    private(set) var ensemble: TreeEnsemble
    private let file: CatBoostFile
    private let features: CatBoostFeatures
    private let dimension: Int
    /// For each tree the node of its leaf 0, where all trees are symmetric.
    private(set) var leafOrigins: [Int32] = []
    private var oneHotStarts: [Int: Int] = [:]

    init(_ file: CatBoostFile, _ features: CatBoostFeatures, dimension: Int) {
        self.file = file
        self.features = features
        self.dimension = dimension
        ensemble = TreeEnsemble(
            featureCount: features.count, groupCount: dimension, comparison: .lessOrEqual, precision: .float64)
        ensemble.leafWidth = dimension
        var start = features.floats.count
        for category in features.oneHotCategories {
            oneHotStarts[category] = start
            start += features.oneHots[category]?.count ?? 0
        }
    }

    mutating func build() throws(ImportError) {
        var nodeCount = file.otherTrees.reduce(0) { $0 + $1.count }
        for tree in file.symmetricTrees { nodeCount += 2 * (tree.leafValues.count / dimension) }
        ensemble.reserveNodes(nodeCount)
        for (index, tree) in file.symmetricTrees.enumerated() { try append(tree, place: "oblivious_trees[\(index)]") }
        for (index, tree) in file.otherTrees.enumerated() { try append(tree, place: "trees[\(index)]") }
        try ensemble.verify(place: "trees")
    }

    private mutating func append(_ tree: CatBoostFile.SymmetricTree, place: String) throws(ImportError) {
        let depth = tree.splits.count
        guard depth <= CatBoostModel.depthMax, tree.leafValues.count == dimension << depth else {
            throw ImportError(
                .malformed, at: place, found: "\(tree.leafValues.count) leaf values and \(depth) splits",
                expected: "\(dimension) for each of the leaves of at most \(CatBoostModel.depthMax) splits")
        }
        let base = Int32(ensemble.nodeCount)
        let innerCount = 1 << depth - 1
        guard ensemble.nodeCount + 2 * innerCount + 1 <= TreeEnsemble.nodeCountMax else { throw tooMany(place) }
        begin(at: base)
        leafOrigins.append(base + Int32(innerCount))
        for level in 0..<depth {
            let test = try test(tree.splits[depth - 1 - level], place: "\(place).splits[\(depth - 1 - level)]")
            for position in 0..<1 << level {
                let node = Int32(1 << level - 1 + position)
                appendInner(test, left: base + 2 * node + 1, right: base + 2 * node + 2)
            }
        }
        for leaf in 0..<1 << depth {
            try appendLeaf(Array(tree.leafValues[leaf * dimension..<(leaf + 1) * dimension]), place: place)
        }
    }

    private mutating func append(_ tree: [CatBoostFile.Node], place: String) throws(ImportError) {
        // Each node becomes one here, and one that stops on one side becomes a leaf besides.
        guard ensemble.nodeCount + 3 * tree.count <= TreeEnsemble.nodeCountMax else { throw tooMany(place) }
        guard !tree.isEmpty else { throw ImportError(.malformed, at: place, found: "no nodes", expected: "a leaf") }
        let base = Int32(ensemble.nodeCount)
        begin(at: base)
        var isReached = [Bool](repeating: false, count: tree.count)
        isReached[0] = true
        // What the nodes from `base` on are: a node of the tree, or the own leaf of one.
        var waiting: [(node: Int, isOwnLeaf: Bool)] = [(0, false)]
        var next = 0
        while next < waiting.count {
            let (index, isOwnLeaf) = waiting[next]
            next += 1
            let node = tree[index]
            guard let split = node.split, !isOwnLeaf else {
                try appendLeaf(node.values, place: "\(place) node \(index)")
                continue
            }
            let left = base + Int32(waiting.count)
            for child in [node.left, node.right] {
                guard child >= 0 else {
                    waiting.append((index, true))
                    continue
                }
                guard child < tree.count, !isReached[child] else {
                    throw ImportError(
                        .malformed, at: "\(place) node \(index)", found: "the child \(child)",
                        expected: "one of \(tree.count) nodes, each with one parent")
                }
                isReached[child] = true
                waiting.append((child, false))
            }
            appendInner(try test(split, place: "\(place) node \(index)"), left: left, right: left + 1)
        }
    }

    // MARK: Nodes

    private struct Test {
        let feature: Int
        /// At most this goes left.
        let threshold: Double
        let missingGoesLeft: Bool
    }

    private func test(_ split: CatBoostFile.Split, place: String) throws(ImportError) -> Test {
        switch split {
        case .above(let index, let border):
            guard let column = features.floats[index], let feature = file.floatFeatures[index] else {
                throw ImportError(.malformed, at: place, found: "float feature \(index)", expected: "a known feature")
            }
            guard border.isFinite else {
                throw ImportError(.malformed, at: place, found: "the border \(border)", expected: "a number")
            }
            return Test(
                feature: column, threshold: CatBoostModel.threshold(border), missingGoesLeft: !feature.missingIsAbove)
        case .equals(let category, let hash):
            guard let start = oneHotStarts[category], features.categories[category] != nil,
                let position = features.position(of: hash, category: category)
            else {
                throw ImportError(
                    .malformed, at: place, found: "categorical feature \(category)", expected: "a known feature")
            }
            return Test(feature: start + position, threshold: 0.5, missingGoesLeft: true)
        case .statistic(let ctr, let border):
            guard ctr >= 0, ctr < features.ctrCount, border.isFinite else {
                throw ImportError(.malformed, at: place, found: "statistic \(ctr)", expected: "a known statistic")
            }
            return Test(
                feature: features.floats.count + features.oneHotCount + ctr, threshold: Double(border),
                missingGoesLeft: true)
        }
    }

    private mutating func begin(at root: Int32) {
        ensemble.roots.append(root)
        ensemble.treeGroups.append(0)
    }

    private mutating func appendInner(_ test: Test, left: Int32, right: Int32) {
        ensemble.features.append(Int32(test.feature))
        ensemble.thresholds.append(test.threshold)
        ensemble.leftChildren.append(left)
        ensemble.rightChildren.append(right)
        ensemble.missingGoesLeft.append(test.missingGoesLeft)
        ensemble.leafValues.append(0)
    }

    private mutating func appendLeaf(_ values: [Double], place: String) throws(ImportError) {
        guard values.count == dimension else {
            throw ImportError(
                .malformed, at: place, found: "\(values.count) leaf values", expected: "\(dimension), as elsewhere")
        }
        ensemble.features.append(-1)
        ensemble.thresholds.append(0)
        ensemble.leftChildren.append(-1)
        ensemble.rightChildren.append(-1)
        ensemble.missingGoesLeft.append(false)
        if dimension == 1 {
            ensemble.leafValues.append(values[0])
        } else {
            ensemble.leafValues.append(Double(ensemble.leafVectors.count / dimension))
            ensemble.leafVectors += values
        }
    }

    private func tooMany(_ place: String) -> ImportError {
        ImportError(
            .limit, at: place, found: "more nodes", expected: "at most \(TreeEnsemble.nodeCountMax) in all trees")
    }
}
