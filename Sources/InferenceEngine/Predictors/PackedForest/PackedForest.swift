internal import ModelIR

/// A verified ensemble in the form that the packed walk reads (see `packed_forest.h`).
///
/// Siblings lie side by side. Pairs of them fill cache lines along the paths that most leaves lie on: a line begins
/// with a pair, and takes the children of the largest subtree among those that hang from it until it is full. Small
/// subtrees fill the lines that others left open. So a walk of twenty levels touches about seven lines. Pairs of
/// leaves that many trees have are stored once, in lines that are always in the cache: those of a classifier's
/// unlimited trees are nearly all alike, and were a third of all pairs.
struct PackedForest: Sendable {
    enum NodeForm: Sendable {
        /// 8 bytes, float32 keys.
        case narrow
        /// 8 bytes, float32 keys, and bits of categories.
        case sets
        /// 16 bytes, float64 keys, and bits of categories.
        case wide

        var wordsPerNode: Int { self == .wide ? 2 : 1 }
    }

    enum LeafForm: Sendable {
        case one, grouped, vector, linear
    }

    let slots: PackedForestSlots
    let leafForm: LeafForm
    let groupCount: Int
    let sumsAreFloat: Bool
    let baseScores: [Double]
    let treeGroups: [UInt32]
    private(set) var leaves: PackedForestLeaves
    /// The nodes, line by line.
    private(set) var words: [UInt64] = []
    /// One a tree, filled up with the last to a multiple of eight.
    private(set) var roots: [UInt32] = []
    /// The depth of the deepest tree of each eight.
    private(set) var levels: [UInt32] = []
    /// Bits below the pair in a node of 8 bytes.
    let lowBits: Int
    private let ensemble: TreeEnsemble
    /// By two common leaves: their pair, or -1.
    private var sharedPairs = [Int32](repeating: -1, count: Self.sharedLeafCount * Self.sharedLeafCount)

    var treeCount: Int { ensemble.treeCount }

    var byteCount: Int {
        words.count * 8 + leaves.values.count * (sumsAreFloat ? 4 : 8) + roots.count * 4
            + slots.bits.count * (slots.form == .wide ? 8 : 4) + slots.codes.count * 4
            + leaves.linear.coefficients.count * 12
    }

    /// Trees that the kernels walk side by side.
    static let laneCount = 8

    /// - Parameters:
    ///   - ensemble: verified.
    ///   - origins: each tree's node that has number 0, where its leaves are counted, one group a tree; else empty.
    /// - Returns: nil where it has more categories, slots or nodes than the widest form can count.
    init?(_ ensemble: TreeEnsemble, origins: [Int32] = []) {
        let wantsNarrow = ensemble.precision != .float64
        guard let slots = PackedForestSlots(ensemble, form: wantsNarrow ? .narrow : .wide) else { return nil }
        let pairBound = Self.pairBound(ensemble)
        let lowBits = Self.bitCount(slots.slotCount) + (slots.form == .sets ? 5 : 0)
        if wantsNarrow, lowBits + Self.bitCount(pairBound) > 32 {
            guard let wide = PackedForestSlots(ensemble, form: .wide) else { return nil }
            self.slots = wide
        } else {
            self.slots = slots
        }
        guard self.slots.slotCount < 1 << 26, Self.counts(ensemble) else { return nil }
        self.ensemble = ensemble
        self.lowBits = lowBits
        leaves = PackedForestLeaves(ensemble, origins: origins)
        if origins.isEmpty {
            groupCount = ensemble.groupCount
            sumsAreFloat = ensemble.precision == .float32
            baseScores = ensemble.baseScores
            treeGroups = ensemble.treeGroups.map { UInt32($0) }
            leafForm =
                !ensemble.linearLeaves.isEmpty
                ? .linear : ensemble.leafWidth > 1 ? .vector : ensemble.groupCount > 1 ? .grouped : .one
        } else {
            groupCount = ensemble.treeCount
            sumsAreFloat = false
            baseScores = [Double](repeating: 0, count: ensemble.treeCount)
            treeGroups = ensemble.roots.indices.map { UInt32($0) }
            leafForm = .grouped
        }
        pack()
    }

    /// Pairs that the nodes take at most: a line has at most one of four unused, and each root has an empty place
    /// beside it.
    private static func pairBound(_ ensemble: TreeEnsemble) -> Int {
        (ensemble.nodeCount / 2 + ensemble.treeCount) * 4 / 3 + 4 * ensemble.treeCount
            + sharedLeafCount * sharedLeafCount + 8
    }

    /// Whether the widest nodes can count an ensemble's pairs.
    static func counts(_ ensemble: TreeEnsemble) -> Bool { pairBound(ensemble) < 1 << 31 }

    /// Bits that count to below `count`.
    private static func bitCount(_ count: Int) -> Int { Int.bitWidth - max(count - 1, 1).leadingZeroBitCount }

    // MARK: Packing

    private mutating func pack() {
        var packer = PackedForestLines(pairsPerLine: slots.form == .wide ? 2 : 4)
        var measured = Measured(nodeCount: ensemble.nodeCount)
        words.reserveCapacity((ensemble.nodeCount + ensemble.nodeCount / 8) * slots.form.wordsPerNode + 64)
        for tree in ensemble.roots.indices {
            let depth = measure(tree, &measured)
            roots.append(packTree(tree, measured, into: &packer))
            if tree % Self.laneCount == 0 { levels.append(0) }
            levels[levels.count - 1] = max(levels[levels.count - 1], UInt32(depth))
        }
        if let last = roots.last {
            while roots.count % Self.laneCount != 0 { roots.append(last) }
        }
        growWords(toPair: packer.pairCount)
        precondition(packer.pairCount <= Self.pairBound(ensemble), "the bits of a node can count all pairs")
    }

    /// What is known of nodes before they have their places.
    private struct Measured {
        /// By node: the nodes of its subtree that need places of their own; 1 where its children are a shared pair.
        var sizes: [Int32]
        /// By leaf's node: its number.
        var leaves: [Int32]
        /// The nodes of one tree, parents before their children.
        var order: [Int32] = []

        init(nodeCount: Int) {
            sizes = [Int32](repeating: 1, count: nodeCount)
            leaves = [Int32](repeating: 0, count: nodeCount)
        }
    }

    /// Numbers a tree's leaves, and counts the nodes of its subtrees.
    /// - Returns: its depth.
    private mutating func measure(_ tree: Int, _ measured: inout Measured) -> Int {
        measured.order.removeAll(keepingCapacity: true)
        measured.order.append(ensemble.roots[tree])
        var levelEnd = 1
        var depth = 0
        var next = 0
        while next < measured.order.count {
            if next == levelEnd {
                levelEnd = measured.order.count
                depth += 1
            }
            let node = Int(measured.order[next])
            next += 1
            if ensemble.leftChildren[node] < 0 {
                measured.leaves[node] = Int32(leaves.leaf(of: node, tree: tree))
            } else {
                measured.order.append(ensemble.leftChildren[node])
                measured.order.append(ensemble.rightChildren[node])
            }
        }
        for entry in measured.order.reversed() where ensemble.leftChildren[Int(entry)] >= 0 {
            let node = Int(entry)
            let left = Int(ensemble.leftChildren[node])
            let right = Int(ensemble.rightChildren[node])
            if sharedPair(left, right, measured) == nil {
                measured.sizes[node] = 1 + measured.sizes[left] + measured.sizes[right]
            }
        }
        return depth
    }

    /// Two leaves that are so common that their pair is stored once: the place in `sharedPairs`.
    private func sharedPair(_ left: Int, _ right: Int, _ measured: Measured) -> Int? {
        guard ensemble.leftChildren[left] < 0, ensemble.leftChildren[right] < 0,
            measured.leaves[left] < Self.sharedLeafCount, measured.leaves[right] < Self.sharedLeafCount
        else { return nil }
        return Int(measured.leaves[left]) * Self.sharedLeafCount + Int(measured.leaves[right])
    }

    /// The first leaves that are met, which are the common ones. All their pairs fit a first-level cache.
    private static let sharedLeafCount = 24

    /// A node whose place is known, and whose children have none yet.
    private struct Open {
        let node: Int
        let place: Int
    }

    /// - Returns: the root's place.
    private mutating func packTree(
        _ tree: Int, _ measured: Measured, into packer: inout PackedForestLines
    ) -> UInt32 {
        let root = Int(ensemble.roots[tree])
        let pairCount = Int(measured.sizes[root] + 1) / 2
        let rootPair = packer.takeStart(of: pairCount)
        growWords(toPair: packer.pairCount)
        var waiting: [Open] = []
        var hanging: [Open] = []
        put(root, at: 2 * rootPair, measured, &hanging, &packer)
        var next = rootPair + 1
        var free = min(packer.pairsPerLine, pairCount) - 1
        while true {
            while free > 0, !hanging.isEmpty {
                var largest = 0
                for index in hanging.indices
                where measured.sizes[hanging[index].node] > measured.sizes[hanging[largest].node] {
                    largest = index
                }
                putChildren(of: hanging.remove(at: largest), at: next, measured, &hanging, &packer)
                next += 1
                free -= 1
            }
            waiting += hanging
            hanging.removeAll(keepingCapacity: true)
            guard let open = waiting.popLast() else { break }
            let pairs = Int(measured.sizes[open.node] - 1) / 2
            next = packer.takeStart(of: pairs)
            growWords(toPair: packer.pairCount)
            putChildren(of: open, at: next, measured, &hanging, &packer)
            next += 1
            free = min(packer.pairsPerLine, pairs) - 1
        }
        return UInt32(2 * rootPair)
    }

    private mutating func putChildren(
        of open: Open, at pair: Int, _ measured: Measured, _ hanging: inout [Open],
        _ packer: inout PackedForestLines
    ) {
        setInner(open.node, at: open.place, children: pair)
        put(Int(ensemble.leftChildren[open.node]), at: 2 * pair, measured, &hanging, &packer)
        put(Int(ensemble.rightChildren[open.node]), at: 2 * pair + 1, measured, &hanging, &packer)
    }

    /// Puts a node in its place; an inner one hangs from there until its children have theirs.
    private mutating func put(
        _ node: Int, at place: Int, _ measured: Measured, _ hanging: inout [Open], _ packer: inout PackedForestLines
    ) {
        if ensemble.leftChildren[node] < 0 {
            setLeaf(measured.leaves[node], at: place)
        } else if measured.sizes[node] == 1 {
            setInner(node, at: place, children: takeSharedPair(ofChildrenOf: node, measured, &packer))
        } else {
            hanging.append(Open(node: node, place: place))
        }
    }

    private mutating func takeSharedPair(
        ofChildrenOf node: Int, _ measured: Measured, _ packer: inout PackedForestLines
    ) -> Int {
        let left = Int(ensemble.leftChildren[node])
        let right = Int(ensemble.rightChildren[node])
        guard let place = sharedPair(left, right, measured) else {
            preconditionFailure("a node's children are a shared pair where its size is 1")
        }
        if sharedPairs[place] < 0 {
            let pair = packer.takeShared()
            growWords(toPair: packer.pairCount)
            setLeaf(measured.leaves[left], at: 2 * pair)
            setLeaf(measured.leaves[right], at: 2 * pair + 1)
            sharedPairs[place] = Int32(pair)
        }
        return Int(sharedPairs[place])
    }

    private mutating func growWords(toPair pairCount: Int) {
        let missing = pairCount * 2 * slots.form.wordsPerNode - words.count
        if missing > 0 { words.append(contentsOf: repeatElement(0, count: missing)) }
    }

    private mutating func setInner(_ node: Int, at place: Int, children pair: Int) {
        let test = slots.test(of: node, in: ensemble)
        if slots.form == .wide {
            words[2 * place] = slots.isCategorical(node) ? .max >> 1 : ensemble.wideKey(ofThresholdAt: node)
            words[2 * place + 1] = UInt64(pair) << 32 | UInt64(test.slot << 6 | test.shift)
            return
        }
        let key = slots.isCategorical(node) ? UInt32.max >> 1 : ensemble.narrowKey(ofThresholdAt: node)
        let low = slots.form == .sets ? test.slot << 5 | test.shift : test.slot
        words[place] = UInt64(key) << 32 | UInt64(pair) << UInt64(lowBits) | UInt64(low)
    }

    /// A leaf is its own child: the left of a pair tests slot 0, the right one slot 1.
    private mutating func setLeaf(_ number: Int32, at place: Int) {
        let leaf = UInt64(number)
        let slot = UInt64(place & 1)
        let pair = UInt64(place / 2)
        switch slots.form {
        case .narrow: words[place] = leaf << 32 | pair << UInt64(lowBits) | slot
        case .sets: words[place] = leaf << 32 | pair << UInt64(lowBits) | slot << 5
        case .wide:
            words[2 * place] = leaf
            words[2 * place + 1] = pair << 32 | slot << 6
        }
    }
}

extension TreeEnsemble {
    /// The key that a row's key must exceed to go right.
    fileprivate func narrowKey(ofThresholdAt node: Int) -> UInt32 {
        let threshold = thresholds[node]
        // Nothing is less than NaN, so every number goes right.
        guard !threshold.isNaN else { return 0 }
        if precision == .float32 {
            let key = Self.key(Float(threshold))
            return comparison == .less ? key - 1 : key
        }
        // The largest float32 at or below the threshold separates the same float32 numbers.
        let below = threshold.roundedDownToFloat32
        let key = Self.key(below)
        return comparison == .less && Double(below) == threshold ? key - 1 : key
    }

    fileprivate func wideKey(ofThresholdAt node: Int) -> UInt64 {
        let threshold = thresholds[node]
        guard !threshold.isNaN else { return 0 }
        switch precision {
        case .float64:
            let key = Self.key(threshold)
            return comparison == .less ? key - 1 : key
        case .float32:
            let key = Self.key(Double(Float(threshold)))
            return comparison == .less ? key - 1 : key
        case .float32FeaturesFloat64Sums:
            let key = Self.key(threshold)
            return comparison == .less ? key - 1 : key
        }
    }

    /// Unsigned, in the order of the numbers; the smallest and the largest stand for none.
    private static func key(_ value: Float) -> UInt32 {
        let bits = (value + 0).bitPattern
        return bits ^ (bits >> 31 == 0 ? 1 << 31 : .max)
    }

    private static func key(_ value: Double) -> UInt64 {
        let bits = (value + 0).bitPattern
        return bits ^ (bits >> 63 == 0 ? 1 << 63 : .max)
    }
}

extension Double {
    fileprivate var roundedDownToFloat32: Float {
        let nearest = Float(self)
        return Double(nearest) > self ? nearest.nextDown : nearest
    }
}
