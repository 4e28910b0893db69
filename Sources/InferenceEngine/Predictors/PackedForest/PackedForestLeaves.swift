internal import ModelIR

/// What the leaves of an ensemble add, each number or vector once: in a classifier's deep trees most leaves are alike,
/// and a small table stays in the cache.
struct PackedForestLeaves: Sendable {
    /// Linear functions, by leaf; the terms of each lie from its start to the next one's.
    struct Linear: Sendable {
        var starts: [UInt32] = [0]
        var features: [UInt32] = []
        var coefficients: [Double] = []
        var constants: [Double] = []
        var weights: [Double] = []

        var count: Int { constants.count }
    }

    /// Row-major [leaves, width], times the weight of the tree, exact in float32 where sums are.
    private(set) var values: [Double] = []
    /// Linear leaves are the first ones.
    private(set) var linear = Linear()
    private let ensemble: TreeEnsemble
    private let width: Int
    private let origins: [Int32]
    /// By hash: leaves from 0, or -1. Empty once sharing turned out not to pay.
    private var table: [Int32]
    private var seenCount = 0
    /// By row of `leafVectors`: its leaf, or -1; where trees have no weights.
    private var leafOfRow: [Int32] = []
    /// By node: its place among the linear leaves, or -1; empty where there are none.
    private var linearPlaces: [Int32] = []

    /// - Parameter origins: where leaves are counted, not valued: each tree's node that has number 0.
    init(_ ensemble: TreeEnsemble, origins: [Int32] = []) {
        self.ensemble = ensemble
        self.origins = origins
        width = origins.isEmpty ? ensemble.leafWidth : 1
        table = [Int32](repeating: -1, count: 1 << 10)
        if width > 1, ensemble.treeWeights.isEmpty {
            leafOfRow = [Int32](repeating: -1, count: ensemble.leafVectors.count / width)
        }
        // Their order among the leaves must be known before the others are seen.
        guard origins.isEmpty, !ensemble.linearLeaves.isEmpty else { return }
        linearPlaces = [Int32](repeating: -1, count: ensemble.nodeCount)
        for (place, leaf) in ensemble.linearLeaves.enumerated() {
            linearPlaces[Int(leaf.node)] = Int32(place)
            linear.features += leaf.features.map { UInt32($0) }
            linear.coefficients += leaf.coefficients
            linear.constants.append(leaf.constant)
            linear.weights.append(1)
            linear.starts.append(UInt32(linear.features.count))
            values.append(ensemble.leafValues[Int(leaf.node)])
        }
    }

    /// The number of a node's leaf.
    mutating func leaf(of node: Int, tree: Int) -> Int {
        let weight = ensemble.treeWeights.isEmpty || !origins.isEmpty ? nil : ensemble.treeWeights[tree]
        if !linearPlaces.isEmpty, linearPlaces[node] >= 0 {
            let place = Int(linearPlaces[node])
            if let weight {
                linear.weights[place] = weight
                values[place] = weight * ensemble.leafValues[node]
            }
            return place
        }
        if !origins.isEmpty { return share(Double(node - Int(origins[tree]))) }
        guard width > 1 else { return share(value(ensemble.leafValues[node], weight)) }
        let row = Int(ensemble.leafValues[node])
        if !leafOfRow.isEmpty, leafOfRow[row] >= 0 { return Int(leafOfRow[row]) }
        let leaf = shareVector(row, weight)
        if !leafOfRow.isEmpty { leafOfRow[row] = Int32(leaf) }
        return leaf
    }

    /// A leaf's number in the library's precision, times the weight of its tree.
    private func value(_ leaf: Double, _ weight: Double?) -> Double {
        if ensemble.precision == .float32 {
            guard let weight else { return Double(Float(leaf)) }
            return Double(Float(weight) * Float(leaf))
        }
        guard let weight else { return leaf }
        return weight * leaf
    }

    // MARK: Sharing

    private mutating func share(_ value: Double) -> Int {
        guard !table.isEmpty else {
            values.append(value)
            return values.count - 1
        }
        let start = Self.hash(value.bitPattern, 0)
        for probe in 0..<Self.probesMax {
            let place = (start &+ probe) & (table.count - 1)
            let leaf = Int(table[place])
            if leaf < 0 {
                values.append(value)
                return note(values.count - 1, at: place)
            }
            if values[leaf].bitPattern == value.bitPattern { return leaf }
        }
        values.append(value)
        return values.count - 1
    }

    /// A row of `leafVectors`.
    private mutating func shareVector(_ row: Int, _ weight: Double?) -> Int {
        let first = row * width
        var hash = 0
        for index in first..<first + width {
            hash = Self.hash(value(ensemble.leafVectors[index], weight).bitPattern, hash)
        }
        var empty: Int?
        for probe in 0..<(table.isEmpty ? 0 : Self.probesMax) {
            let place = (hash &+ probe) & (table.count - 1)
            guard table[place] >= 0 else {
                empty = place
                break
            }
            let start = Int(table[place]) * width
            var isEqual = true
            for index in 0..<width {
                let other = value(ensemble.leafVectors[first + index], weight)
                isEqual = isEqual && values[start + index].bitPattern == other.bitPattern
            }
            if isEqual { return Int(table[place]) }
        }
        for index in first..<first + width { values.append(value(ensemble.leafVectors[index], weight)) }
        let leaf = values.count / width - 1
        return empty.map { note(leaf, at: $0) } ?? leaf
    }

    /// Enters a new leaf, and gives up where hardly any are alike.
    private mutating func note(_ leaf: Int, at place: Int) -> Int {
        table[place] = Int32(leaf)
        seenCount += 1
        guard seenCount * 2 > table.count else { return leaf }
        guard seenCount < Self.distinctMax else {
            table = []
            return leaf
        }
        table = [Int32](repeating: -1, count: table.count * 4)
        for known in linear.count..<values.count / width {
            let start = hash(values[known * width..<(known + 1) * width])
            for probe in 0..<Self.probesMax where table[(start &+ probe) & (table.count - 1)] < 0 {
                table[(start &+ probe) & (table.count - 1)] = Int32(known)
                break
            }
        }
        return leaf
    }

    private func hash(_ vector: ArraySlice<Double>) -> Int {
        var hash = 0
        for value in vector { hash = Self.hash(value.bitPattern, hash) }
        return hash
    }

    /// Another one in each process, so that no file can be made whose leaves collide. Leaves are numbered as they come,
    /// whatever the hash is.
    private static let secret: UInt64 = {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }()

    /// By multiplication (Fibonacci hashing), folded so that the low bits depend on all.
    private static func hash(_ bits: UInt64, _ seed: Int) -> Int {
        var mixed = (bits ^ UInt64(truncatingIfNeeded: seed) ^ secret) &* 0x9e37_79b9_7f4a_7c15
        mixed ^= mixed >> 32
        mixed = (mixed &+ secret) &* 0xd6e8_feb8_6659_fd93
        return Int(truncatingIfNeeded: (mixed ^ mixed >> 29) & 0x7fff_ffff_ffff_ffff)
    }

    /// Places that are looked at for a leaf. Beyond them it is taken for a new one, which costs memory and no time,
    /// whatever a file has made to collide.
    private static let probesMax = 128

    /// Distinct leaves beyond which a table of them is not small any more, and the rest are taken as they come.
    private static let distinctMax = 1 << 18
}
