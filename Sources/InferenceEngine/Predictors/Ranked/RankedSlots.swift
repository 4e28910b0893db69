internal import ModelIR

/// The slots of an ensemble: which byte of a ranked row each node compares.
struct RankedSlots {
    private(set) var slots: [RankedTables.Slot] = []
    private(set) var allSlotCount = 0
    private(set) var categories: [RankedTables.Category] = []

    /// Thresholds that a byte can rank.
    static let thresholdCountMax = 255
    /// Slots that a node can name, and the ranks of 64 rows that fit a second-level cache.
    static let slotCountMax = 4096
    static let membershipBytesMax = 1 << 22

    private let ensemble: TreeEnsemble
    /// One a feature and kind: where its thresholds begin among the slots, and all of them.
    private var firstSlots: [Int]
    private var thresholds: [[Double]]
    /// One a categorical node: its slot.
    private var categorySlots: [Int32: Int] = [:]

    /// - Parameter ensemble: verified, without thresholds that are NaN.
    /// - Returns: nil if there are more slots than a row may have, or larger tables of categories.
    init?(_ ensemble: TreeEnsemble) {
        self.ensemble = ensemble
        let kindCount = 2 * ensemble.featureCount
        firstSlots = [Int](repeating: 0, count: kindCount)
        thresholds = [[Double]](repeating: [], count: kindCount)
        var goesLeft = [Bool](repeating: false, count: kindCount)
        var goesRight = [Bool](repeating: false, count: kindCount)
        let isCategorical = Set(ensemble.categoricalNodes.lazy.map(\.node))
        for node in 0..<ensemble.nodeCount where !ensemble.isLeaf(node) && !isCategorical.contains(Int32(node)) {
            let kind = Self.kind(ofNode: node, in: ensemble)
            thresholds[kind].append(Self.threshold(ofNode: node, in: ensemble))
            if ensemble.missingGoesLeft[node] { goesLeft[kind] = true } else { goesRight[kind] = true }
        }
        for kind in 0..<kindCount where !thresholds[kind].isEmpty {
            thresholds[kind].sort()
            thresholds[kind] = Self.distinct(thresholds[kind])
            firstSlots[kind] = slots.count
            for first in stride(from: 0, to: thresholds[kind].count, by: Self.thresholdCountMax) {
                let end = min(first + Self.thresholdCountMax, thresholds[kind].count)
                append(
                    RankedTables.Slot(
                        column: kind / 2, thresholds: Array(thresholds[kind][first..<end]),
                        missingGoesLeft: goesLeft[kind], zeroIsMissing: kind % 2 == 1),
                    goesBothWays: goesLeft[kind] && goesRight[kind])
            }
            guard slots.count <= Self.slotCountMax else { return nil }
        }
        guard addCategories() else { return nil }
        allSlotCount = slots.count
        for index in slots.indices where slots[index].rightCopy != nil {
            slots[index].rightCopy = allSlotCount
            allSlotCount += 1
        }
        guard allSlotCount <= Self.slotCountMax else { return nil }
    }

    /// The slot and the rank that a node compares.
    func place(ofNode node: Int) -> (slot: Int, rank: Int8) {
        var slot: Int
        var rank = 0
        if let category = categorySlots[Int32(node)] {
            slot = category
        } else {
            let kind = Self.kind(ofNode: node, in: ensemble)
            let threshold = Self.threshold(ofNode: node, in: ensemble)
            let index = Self.index(of: threshold, in: thresholds[kind])
            slot = firstSlots[kind] + index / Self.thresholdCountMax
            rank = index % Self.thresholdCountMax
        }
        if !ensemble.missingGoesLeft[node], let copy = slots[slot].rightCopy { slot = copy }
        return (slot, Int8(rank - 128))
    }

    private mutating func append(_ slot: RankedTables.Slot, goesBothWays: Bool) {
        var slot = slot
        // A row that must not have a missing value may get any answer for one. Where copies go is settled last.
        if goesBothWays && ensemble.acceptsMissing { slot.rightCopy = 0 }
        slots.append(slot)
    }

    /// Gives each distinct set of a feature's categories a slot.
    private mutating func addCategories() -> Bool {
        struct FeatureSets {
            var numbers: [[Int32]: Int] = [:]
            var sets: [[Int32]] = []
            var goesLeft: [Bool] = []
            var goesRight: [Bool] = []
        }
        var features: [Int32: FeatureSets] = [:]
        for entry in ensemble.categoricalNodes {
            let feature = ensemble.features[Int(entry.node)]
            // Taken out while it changes: a second owner would make every change a copy of the whole.
            var sets = features.removeValue(forKey: feature) ?? FeatureSets()
            let number = sets.numbers[entry.categoriesGoingRight] ?? sets.sets.count
            if number == sets.sets.count {
                sets.numbers[entry.categoriesGoingRight] = number
                sets.sets.append(entry.categoriesGoingRight)
                sets.goesLeft.append(false)
                sets.goesRight.append(false)
            }
            if ensemble.missingGoesLeft[Int(entry.node)] {
                sets.goesLeft[number] = true
            } else {
                sets.goesRight[number] = true
            }
            // The number within the feature, until it is known where the feature's slots begin.
            categorySlots[entry.node] = number
            features[feature] = sets
        }
        var firstSlots: [Int32: Int] = [:]
        var tableBytes = 0
        for (feature, sets) in features.sorted(by: { $0.key < $1.key }) {
            let codeCount = sets.sets.reduce(0) { max($0, Int($1.last ?? -1) + 1) }
            let (size, overflows) = (codeCount + 1).multipliedReportingOverflow(by: sets.sets.count)
            guard !overflows, size <= Self.membershipBytesMax - tableBytes else { return false }
            tableBytes += size
            var memberships = [UInt8](repeating: 0, count: size)
            for (number, set) in sets.sets.enumerated() {
                for code in set { memberships[Int(code) * sets.sets.count + number] = 1 }
            }
            firstSlots[feature] = slots.count
            categories.append(
                RankedTables.Category(
                    column: Int(feature), firstSlot: slots.count, setCount: sets.sets.count, codeCount: codeCount,
                    memberships: memberships))
            for number in sets.sets.indices {
                append(
                    RankedTables.Slot(column: Int(feature), missingGoesLeft: sets.goesLeft[number]),
                    goesBothWays: sets.goesLeft[number] && sets.goesRight[number])
            }
            guard slots.count <= Self.slotCountMax else { return false }
        }
        for entry in ensemble.categoricalNodes {
            guard let first = firstSlots[ensemble.features[Int(entry.node)]] else { return false }
            categorySlots[entry.node, default: 0] += first
        }
        return true
    }

    /// Nodes of one feature that take zero for missing have slots of their own.
    private static func kind(ofNode node: Int, in ensemble: TreeEnsemble) -> Int {
        let takesZero = !ensemble.takesZeroForMissing.isEmpty && ensemble.takesZeroForMissing[node]
        return 2 * Int(ensemble.features[node]) + (takesZero ? 1 : 0)
    }

    /// The threshold in the features' precision, such that the same numbers pass it.
    private static func threshold(ofNode node: Int, in ensemble: TreeEnsemble) -> Double {
        // Adding zero makes one of both zeros.
        let threshold = ensemble.thresholds[node] + 0
        switch ensemble.precision {
        case .float64: return threshold
        case .float32: return Double(Float(threshold))
        case .float32FeaturesFloat64Sums:
            let nearest = Float(threshold)
            // A float32 number is at most the threshold if it is at most the float32 below, and less than it if it is
            // less than the float32 above.
            if ensemble.comparison == .lessOrEqual {
                return Double(Double(nearest) > threshold ? nearest.nextDown : nearest) + 0
            }
            return Double(Double(nearest) < threshold ? nearest.nextUp : nearest) + 0
        }
    }

    private static func distinct(_ ascending: [Double]) -> [Double] {
        var kept: [Double] = []
        for value in ascending where kept.last != value { kept.append(value) }
        return kept
    }

    /// The place of a number that is there.
    private static func index(of value: Double, in ascending: [Double]) -> Int {
        var low = 0
        var high = ascending.count - 1
        while low < high {
            let middle = (low + high) / 2
            if ascending[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
