/// What a model document says, before it is checked as a whole.
struct XGBoostFile: Sendable {
    var version: [Int32] = []
    var learner = XGBoostLearner()
    /// Trees of a round and class, where only the configuration beside the model tells (before version 1.6).
    var configuredParallelTrees: String?
}

/// The object `learner`.
struct XGBoostLearner: Sendable {
    var attributes: [String: String] = [:]
    var featureNames: [String] = []
    /// Whether the base score is a margin already, as before version 1.0.
    var baseScoreIsMargin = false
    var parameters: [String: String] = [:]
    var objective: String?
    var booster: String?
    var boosterModel: XGBoostBoosterModel?
    /// Whether the reader keeps `XGBoostTree.gains`.
    var keepsGains = false
    /// Of DART.
    var treeWeights: [Float]?
}

/// The object `gradient_booster.model`, or `gradient_booster.gbtree.model` of DART.
struct XGBoostBoosterModel: Sendable {
    /// Its place in the document.
    var place: String
    var parameters: [String: String] = [:]
    /// The class or target of each tree.
    var treeGroups: [Int32]?
    /// Where the trees of each boosting round begin, from version 2.
    var roundStarts: [Int32]?
    var trees: [XGBoostTree]?
    /// Of gblinear: row-major [features + 1, groups], the bias last.
    var linearWeights: [Float]?
    /// The categories of the training frame, from version 3.1: one a feature, or none.
    var categories: [XGBoostCategories] = []
}

/// How the training frame coded one feature.
enum XGBoostCategories: Sendable {
    case none
    /// Text of which all categories lie in one array of bytes.
    case text(starts: [Int32], bytes: [Int32])
    case integers([Int64])
}

/// One element of `trees`: an array for each property of the nodes.
struct XGBoostTree: Sendable {
    var parameters: [String: String] = [:]
    /// -1 in a leaf.
    var leftChildren: [Int32]?
    /// In a leaf -1, or from version 3.1, where leaves are vectors, the leaf's row in `leafVectors`.
    var rightChildren: [Int32]?
    var features: [Int32]?
    /// The threshold of an inner node, the value of a leaf.
    var conditions: [Float]?
    var defaultsLeft: [Int32]?
    /// 0 numeric, 1 categorical.
    var splitTypes: [Int32]?
    var categories: [Int32] = []
    var categoryNodes: [Int32] = []
    var categoryStarts: [Int32] = []
    var categoryCounts: [Int32] = []
    /// Up to version 3.0 the place of vector leaves, a row a node.
    var baseWeights: [Float] = []
    /// From version 3.1 the place of vector leaves.
    var leafVectors: [Float]?
    /// What each split gained; only where it is asked for.
    var gains: [Float]?
}
