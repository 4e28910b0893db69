internal import ModelIR

/// Which keys a row becomes, and which of them each node of an ensemble tests.
///
/// A feature has a slot for each way in which its nodes treat missing values, so that no node need ask. A categorical
/// column has one bit for each of its sets, which is found once a row by the row's code: however many nodes share a
/// set, and however large it is, a node tests one bit.
struct PackedForestSlots: Sendable {
    /// Slots that treat missing values in one way.
    struct Kind: Sendable {
        var features: [UInt32] = []
        /// Whether they are all features, in order.
        var isInOrder = false
    }

    /// How the codes of one feature become bits.
    struct CategoryColumn: Sendable {
        let feature: Int
        var firstSlot = 0
        var wordCount = 0
        /// Where its codes lie in `codes`.
        var codes = 0..<0
        /// Whether `codes` names the row of bits of each code, or else the codes themselves.
        var isDirect = true
        var bitsStart = 0
    }

    /// What a node tests.
    struct Test {
        let slot: Int
        /// How far the tested bit is from the top; 0 in a numeric node.
        var shift = 0
    }

    let columnCount: Int
    let narrows: Bool
    let truncatesCodes: Bool
    let zeroBound: Double
    private(set) var form: PackedForest.NodeForm
    /// By what takes the place of a missing value: the largest key, the smallest, and the same two where zero counts as
    /// missing.
    private(set) var kinds = [Kind](repeating: Kind(), count: 4)
    private(set) var categories: [CategoryColumn] = []
    private(set) var codes: [UInt32] = []
    /// Words of bits, each as wide as a key: for each categorical column a row for codes in no set, a row for missing
    /// values, and one for each code.
    private(set) var bits: [UInt64] = []
    /// Two slots that no number reaches, then the kinds', then the categorical columns' words.
    private(set) var slotCount = 2
    /// By kind and feature.
    private var slotOfFeature: [Int32]
    /// By categorical node: the slot and the shift.
    private var categoryTests: [Test] = []
    /// By node: the place among the categorical nodes, or -1; empty where there are none.
    private var categoryPlaces: [Int32] = []
    private let refusesMissing: Bool

    /// Bytes that the bits of categories may take.
    static let bitBytesMax = 1 << 26

    /// - Parameter form: the nodes' form; narrow ones become such with sets where the ensemble has categories.
    /// - Returns: nil where the bits of the categories would be too many.
    init?(_ ensemble: TreeEnsemble, form: PackedForest.NodeForm) {
        columnCount = ensemble.featureCount
        narrows = ensemble.precision != .float64
        truncatesCodes = ensemble.categoryCodes == .truncated
        zeroBound = TreeEnsemble.zeroBound
        refusesMissing = !ensemble.acceptsMissing
        self.form = form == .narrow && !ensemble.categoricalNodes.isEmpty ? .sets : form
        slotOfFeature = [Int32](repeating: -1, count: 4 * ensemble.featureCount)
        if !ensemble.categoricalNodes.isEmpty {
            categoryPlaces = [Int32](repeating: -1, count: ensemble.nodeCount)
            for (place, entry) in ensemble.categoricalNodes.enumerated() {
                categoryPlaces[Int(entry.node)] = Int32(place)
            }
        }
        takeNumericSlots(ensemble)
        guard takeCategories(ensemble) else { return nil }
    }

    /// Slots that an ensemble needs at most, without its categories; for an estimate.
    static func numericSlotBound(_ ensemble: TreeEnsemble) -> Int { 2 + 4 * ensemble.featureCount }

    /// What an inner node tests.
    func test(of node: Int, in ensemble: TreeEnsemble) -> Test {
        if !categoryPlaces.isEmpty, categoryPlaces[node] >= 0 { return categoryTests[Int(categoryPlaces[node])] }
        return Test(slot: Int(slotOfFeature[place(of: node, in: ensemble)]))
    }

    func isCategorical(_ node: Int) -> Bool { !categoryPlaces.isEmpty && categoryPlaces[node] >= 0 }

    /// Where the slot of a numeric node's feature is kept.
    private func place(of node: Int, in ensemble: TreeEnsemble) -> Int {
        // Where missing values are refused, it does not matter where they would go.
        var kind = ensemble.missingGoesLeft[node] && !refusesMissing ? 1 : 0
        if !ensemble.takesZeroForMissing.isEmpty, ensemble.takesZeroForMissing[node] {
            kind = ensemble.missingGoesLeft[node] ? 3 : 2
        }
        return kind * columnCount + Int(ensemble.features[node])
    }

    private mutating func takeNumericSlots(_ ensemble: TreeEnsemble) {
        for node in 0..<ensemble.nodeCount where !ensemble.isLeaf(node) && !isCategorical(node) {
            slotOfFeature[place(of: node, in: ensemble)] = 0
        }
        for kind in kinds.indices {
            let range = kind * columnCount..<(kind + 1) * columnCount
            let used = slotOfFeature[range].count { $0 >= 0 }
            // To fill some slots that nobody tests is cheaper than to gather those that somebody does.
            kinds[kind].isInOrder = used > 0 && 2 * used >= columnCount
            for feature in 0..<columnCount where kinds[kind].isInOrder || slotOfFeature[range.lowerBound + feature] >= 0
            {
                slotOfFeature[range.lowerBound + feature] = Int32(slotCount)
                slotCount += 1
                kinds[kind].features.append(UInt32(feature))
            }
        }
    }

    // MARK: Categories

    /// A set of codes that goes right, and whether missing values go with it.
    private struct CategorySet: Hashable {
        let codes: [Int32]
        let missingGoesRight: Bool
    }

    private mutating func takeCategories(_ ensemble: TreeEnsemble) -> Bool {
        guard !ensemble.categoricalNodes.isEmpty else { return true }
        var sets: [[CategorySet]] = []
        var places: [[CategorySet: Int]] = []
        var columnOfFeature: [Int: Int] = [:]
        var tests: [(column: Int, set: Int)] = []
        for entry in ensemble.categoricalNodes {
            let feature = Int(ensemble.features[Int(entry.node)])
            let set = CategorySet(
                codes: entry.categoriesGoingRight, missingGoesRight: !ensemble.missingGoesLeft[Int(entry.node)])
            let column: Int
            if let known = columnOfFeature[feature] {
                column = known
            } else {
                column = categories.count
                columnOfFeature[feature] = column
                categories.append(CategoryColumn(feature: feature))
                sets.append([])
                places.append([:])
            }
            if let known = places[column][set] {
                tests.append((column, known))
            } else {
                tests.append((column, sets[column].count))
                places[column][set] = sets[column].count
                sets[column].append(set)
            }
        }
        let wordBits = form == .wide ? 64 : 32
        for column in categories.indices {
            guard appendBits(of: column, sets[column], wordBits: wordBits) else { return false }
        }
        categoryTests = tests.map { column, set in
            Test(slot: categories[column].firstSlot + set / wordBits, shift: wordBits - 1 - set % wordBits)
        }
        return true
    }

    /// Appends one column's codes and their rows of bits.
    private mutating func appendBits(of column: Int, _ sets: [CategorySet], wordBits: Int) -> Bool {
        var distinct: Set<Int32> = []
        for set in sets { distinct.formUnion(set.codes) }
        let known = distinct.sorted()
        let wordCount = (sets.count + wordBits - 1) / wordBits
        guard (known.count + 2) * wordCount * (wordBits / 8) + bits.count * (wordBits / 8) <= Self.bitBytesMax else {
            return false
        }
        categories[column].firstSlot = slotCount
        categories[column].wordCount = wordCount
        categories[column].bitsStart = bits.count
        slotCount += wordCount

        let codesStart = codes.count
        let span = Int(known.last ?? -1) + 1
        // Sparse codes may be named directly as long as there are few in all.
        categories[column].isDirect =
            span <= known.count * 16 || codes.count + span <= Self.sparseCodesMax
        if categories[column].isDirect {
            codes += [UInt32](repeating: 0, count: span)
            for (index, code) in known.enumerated() { codes[codesStart + Int(code)] = UInt32(index + 2) }
        } else {
            codes += known.map { UInt32($0) }
        }
        categories[column].codes = codesStart..<codes.count

        var rowOfCode: [Int32: Int] = [:]
        for (index, code) in known.enumerated() { rowOfCode[code] = index + 2 }
        let start = bits.count
        bits += [UInt64](repeating: 0, count: (known.count + 2) * wordCount)
        for (index, set) in sets.enumerated() {
            let (word, bit) = (index / wordBits, UInt64(1) << UInt64(index % wordBits))
            if set.missingGoesRight { bits[start + wordCount + word] |= bit }
            for code in set.codes {
                guard let row = rowOfCode[code] else { continue }
                bits[start + row * wordCount + word] |= bit
            }
        }
        return true
    }

    /// Codes that a table by code may always have.
    private static let sparseCodesMax = 1 << 18
}
