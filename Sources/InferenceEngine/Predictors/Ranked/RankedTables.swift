/// A tree ensemble whose nodes compare bytes: the ranks of a row's numbers among the thresholds of their feature.
///
/// What `RankedForest` packs for a processor; see ranked_forest.h for how it is run.
struct RankedTables: Sendable {
    /// How trees are stored.
    enum Form: Sendable, Hashable, CaseIterable {
        case levels3, levels6, levels8, leaves32, leaves64

        var isByLevels: Bool { self == .levels3 || self == .levels6 || self == .levels8 }
        /// Exits of a tree, or its leaves.
        var exitCount: Int {
            switch self {
            case .levels3: 8
            case .leaves32: 32
            case .levels6, .levels8, .leaves64: 64
            }
        }
        /// Entries of a tree among the nodes: by levels, the first is unused.
        var nodeCount: Int { isByLevels ? exitCount : exitCount - 1 }
        /// Leaves a tree.
        var leafCount: Int { self == .levels8 ? 4 * exitCount : exitCount }
        /// The trees of a group are filled up to a multiple of it.
        var treesTogether: Int { isByLevels ? 4 : 8 }
    }

    /// One byte of a ranked row.
    struct Slot: Sendable, Hashable {
        let column: Int
        /// Ascending and distinct; empty for a set of categories.
        var thresholds: [Double] = []
        /// Whether a missing value goes left of all thresholds, or right.
        var missingGoesLeft = true
        var zeroIsMissing = false
        /// The slot with the same rank, but with missing values going right, if nodes do not agree on the way.
        var rightCopy: Int?
    }

    /// A column of categories: each of its slots is 1 where the code is in the slot's set.
    struct Category: Sendable, Hashable {
        let column: Int
        let firstSlot: Int
        let setCount: Int
        /// Codes from 0; all others are in no set.
        let codeCount: Int
        /// Row-major [codes + 1, sets] of 0 and 1; the last row is all 0.
        var memberships: [UInt8]
    }

    /// A node of the levels below the sixth: three decisions, of the root and its children.
    struct Pair: Sendable, Hashable {
        var slots: [Int] = [0, 0, 0]
        var ranks: [Int8] = [.max, .max, .max]
    }

    var form: Form
    /// Sums are Float, or Double.
    var sumsAreDouble = false
    /// Whether a row goes right on x >= threshold, or on x > threshold.
    var rightIfEqual = false
    /// Whether features and thresholds are float64.
    var isExact = false
    /// Whether a category is cut off towards zero as an integer of 32 bits, or must be below 2^24.
    var truncatesCodes = false
    var columnCount: Int
    var slots: [Slot] = []
    /// Slots of `slots`, and the copies behind them.
    var allSlotCount = 0
    var categories: [Category] = []
    /// How many trees each group has in a row, with the ones that fill up.
    var groupTreeCounts: [Int] = []
    var baseScores: [Double]

    /// `form.nodeCount` a tree. By levels: level by level from index 1. By leaves: children before their parents.
    var nodeSlots: [Int] = []
    /// Goes right where the row's rank minus 128 is greater.
    var nodeRanks: [Int8] = []
    /// By leaves: a child is a leaf, or `form.exitCount` plus the number of a node of the tree.
    var nodeLefts: [Int] = []
    var nodeRights: [Int] = []
    /// By leaves: the leaves of the left child.
    var nodeSets: [UInt64] = []
    /// For `levels8`: one an exit.
    var pairs: [Pair] = []
    /// `form.leafCount` a tree.
    var leaves: [Double] = []

    var treeCount: Int { leaves.count / form.leafCount }
}
