internal import ModelIR

/// A verified ensemble in the form that the packed walk reads (see `packed_forest.h`).
///
/// Siblings lie side by side. Pairs of them fill cache lines along the paths that most leaves lie on: a line begins with
/// a pair, and takes the children of the largest subtree among those that hang from it until it is full. Small subtrees
/// fill the lines that others left open. So a walk of twenty levels touches about seven lines.
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
        // Half of a line may stay empty at worst, where every tree is a stump.
        let pairBound = ensemble.nodeCount + 4 * ensemble.treeCount + 8
        let lowBits = Self.bitCount(slots.slotCount) + (slots.form == .sets ? 5 : 0)
        if wantsNarrow, lowBits + Self.bitCount(pairBound) > 32 {
            guard let wide = PackedForestSlots(ensemble, form: .wide) else { return nil }
            self.slots = wide
        } else {
            self.slots = slots
        }
        guard self.slots.slotCount < 1 << 26, pairBound < 1 << 31 else { return nil }
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

    /// Bits that count to below `count`.
    private static func bitCount(_ count: Int) -> Int { Int.bitWidth - max(count - 1, 1).leadingZeroBitCount }

    // MARK: Packing

    private mutating func pack() {
        var packer = PackedForestLines(pairsPerLine: slots.form == .wide ? 2 : 4)
        var order: [Int32] = []
        // By node: the nodes of its subtree.
        var sizes = [Int32](repeating: 1, count: ensemble.nodeCount)
        words.reserveCapacity((ensemble.nodeCount + ensemble.nodeCount / 8) * slots.form.wordsPerNode + 64)
        for tree in ensemble.roots.indices {
            let depth = measure(Int(ensemble.roots[tree]), order: &order, sizes: &sizes)
            roots.append(packTree(tree, sizes: sizes, into: &packer))
            if tree % Self.laneCount == 0 { levels.append(0) }
            levels[levels.count - 1] = max(levels[levels.count - 1], UInt32(depth))
        }
        if let last = roots.last {
            while roots.count % Self.laneCount != 0 { roots.append(last) }
        }
        growWords(toPair: packer.pairCount)
    }

    /// The sizes of all subtrees of a tree.
    /// - Returns: its depth.
    private func measure(_ root: Int, order: inout [Int32], sizes: inout [Int32]) -> Int {
        order.removeAll(keepingCapacity: true)
        var levelEnd = 1
        var depth = 0
        order.append(Int32(root))
        var next = 0
        while next < order.count {
            if next == levelEnd {
                levelEnd = order.count
                depth += 1
            }
            let node = Int(order[next])
            next += 1
            guard ensemble.leftChildren[node] >= 0 else { continue }
            order.append(ensemble.leftChildren[node])
            order.append(ensemble.rightChildren[node])
        }
        for node in order.reversed() where ensemble.leftChildren[Int(node)] >= 0 {
            let index = Int(node)
            sizes[index] =
                1 + sizes[Int(ensemble.leftChildren[index])] + sizes[Int(ensemble.rightChildren[index])]
        }
        return depth
    }

    /// A node whose place is known, and whose children have none yet.
    private struct Open {
        let node: Int
        let place: Int
    }

    /// - Returns: the root's place.
    private mutating func packTree(_ tree: Int, sizes: [Int32], into packer: inout PackedForestLines) -> UInt32 {
        let root = Int(ensemble.roots[tree])
        let pairCount = Int(sizes[root] + 1) / 2
        let rootPair = packer.takeStart(of: pairCount)
        var waiting: [Open] = []
        var hanging: [Open] = []
        /// Puts a node in its place; an inner one hangs from there until its children have theirs.
        func put(_ node: Int, at place: Int) {
            if ensemble.leftChildren[node] < 0 {
                setLeaf(node, tree: tree, at: place)
            } else {
                hanging.append(Open(node: node, place: place))
            }
        }
        func putChildren(of open: Open, at pair: Int) {
            setInner(open.node, at: open.place, children: pair)
            put(Int(ensemble.leftChildren[open.node]), at: 2 * pair)
            put(Int(ensemble.rightChildren[open.node]), at: 2 * pair + 1)
        }
        growWords(toPair: packer.pairCount)
        put(root, at: 2 * rootPair)
        var line = PackedForestLines.Line(
            next: rootPair + 1, free: min(packer.pairsPerLine, pairCount) - 1)
        while true {
            while line.free > 0,
                let largest = hanging.indices.max(by: { sizes[hanging[$0].node] < sizes[hanging[$1].node] })
            {
                let open = hanging.remove(at: largest)
                putChildren(of: open, at: line.next)
                line.next += 1
                line.free -= 1
            }
            waiting += hanging
            hanging.removeAll(keepingCapacity: true)
            guard let open = waiting.popLast() else { break }
            let pairs = Int(sizes[open.node] - 1) / 2
            let pair = packer.takeStart(of: pairs)
            growWords(toPair: packer.pairCount)
            putChildren(of: open, at: pair)
            line = PackedForestLines.Line(next: pair + 1, free: min(packer.pairsPerLine, pairs) - 1)
        }
        return UInt32(2 * rootPair)
    }

    private mutating func growWords(toPair pairCount: Int) {
        while words.count < pairCount * 2 * slots.form.wordsPerNode { words.append(0) }
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
    private mutating func setLeaf(_ node: Int, tree: Int, at place: Int) {
        let leaf = UInt64(leaves.leaf(of: node, tree: tree))
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
