internal import ModelIR

/// What a CatBoost model says, whichever of its formats it came in.
struct CatBoostFile: Sendable {
    /// A test of one feature: true goes right, or sets a bit of a symmetric tree's index.
    enum Split: Sendable {
        /// float32(x) > border.
        case above(feature: Int, border: Float)
        case equals(category: Int, hash: Int32)
        case statistic(ctr: Int, border: Float)
    }

    struct FloatFeature: Sendable {
        var column = -1
        var name = ""
        var borders: [Float] = []
        /// Whether a missing value counts as above every border.
        var missingIsAbove = false
    }

    struct CategoryFeature: Sendable {
        var column = -1
        var name = ""
    }

    struct SymmetricTree: Sendable {
        var splits: [Split] = []
        /// Row-major [leaves, dimension]; leaf q's bits are the splits' results, the first the lowest.
        var leafValues: [Double] = []
    }

    /// A node of a tree of any shape: `children` are indices into the tree's nodes.
    struct Node: Sendable {
        var split: Split?
        var left = -1
        var right = -1
        /// Of a leaf.
        var values: [Double] = []
    }

    struct CTR: Sendable {
        enum Element: Sendable {
            case category(Int)
            case above(feature: Int, border: Float)
            case equals(category: Int, hash: Int32)
        }

        var elements: [Element] = []
        var type = ""
        var targetBorder = 0
        var priorNumerator: Float = 0
        var priorDenominator: Float = 1
        var shift: Float = 0
        var scale: Float = 1
        var borders: [Float] = []
        /// The key of its table.
        var identifier = ""
    }

    var floatFeatures: [Int: FloatFeature] = [:]
    var categoryFeatures: [Int: CategoryFeature] = [:]
    var ctrs: [CTR] = []
    var ctrTables: [String: CategoryCTR.Table] = [:]
    var symmetricTrees: [SymmetricTree] = []
    var otherTrees: [[Node]] = []
    var scale = 1.0
    var bias: [Double] = []
    var info = CatBoostInfo()
    /// What the model has that is not served, such as `text features`.
    var unsupported: String?

    static func repeated(_ kind: String, _ index: Int) -> ImportError {
        ImportError(.malformed, at: "features_info", found: "\(kind) \(index) again", expected: "each index once")
    }
}

/// What a model's parameters tell of its task.
struct CatBoostInfo: Sendable {
    /// Such as `Logloss`.
    var loss: String?
    /// Such as `Integer`.
    var labelType: String?
    var classNames: [String] = []
    /// Whether labels are decided at another probability than one half.
    var hasThreshold = false
}
