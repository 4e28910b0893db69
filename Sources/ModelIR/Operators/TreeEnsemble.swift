/// A sum of decision trees a group (ONNX-ML `TreeEnsemble`). Structure of arrays; children are indices into the
/// arrays of the whole ensemble. `verify()` proves everything that a traversal relies on, so that kernels may run
/// unchecked.
package struct TreeEnsemble: Sendable, Hashable {
    package enum Comparison: Sendable, Hashable {
        /// Left where x < threshold (XGBoost).
        case less
        /// Left where x <= threshold (scikit-learn, LightGBM, ONNX's BRANCH_LEQ).
        case lessOrEqual
    }

    /// The arithmetic of the library that trained it.
    package enum Precision: Sendable, Hashable {
        /// Features, thresholds, leaves and sums are float32, added in tree order (XGBoost).
        case float32
        /// Features are narrowed to float32, thresholds, leaves and sums are float64 (scikit-learn).
        case float32FeaturesFloat64Sums
        /// All float64 (LightGBM).
        case float64
    }

    package var featureCount: Int
    /// Scores a row.
    package var groupCount: Int
    package var comparison: Comparison
    package var precision: Precision
    /// The root node of each tree.
    package var roots: [Int32]
    /// The group each tree adds to; ignored where leaves are vectors (`leafWidth` > 1).
    package var treeGroups: [Int32]
    /// Multiplies each tree's leaf (DART); empty for 1.
    package var treeWeights: [Double]
    /// What each group's sum starts with.
    package var baseScores: [Double]

    /// The feature a node tests; -1 in a leaf.
    package var features: [Int32]
    /// Exactly representable in float32 where `precision` is `.float32`. In a leaf: unused.
    package var thresholds: [Double]
    /// -1 in a leaf.
    package var leftChildren: [Int32]
    package var rightChildren: [Int32]
    /// Whether a missing value goes left.
    package var missingGoesLeft: [Bool]
    /// Whether the library takes a missing value at all; if not, such a row has no prediction.
    package var acceptsMissing: Bool
    /// A leaf's value, or, where `leafWidth` > 1, the index of its row in `leafVectors`.
    package var leafValues: [Double]

    /// Whether a node takes a number that is zero, to within `TreeEnsemble.zeroBound`, for missing (LightGBM's missing
    /// type Zero); empty where none does.
    package var takesZeroForMissing: [Bool]

    /// Nodes that test membership of a category, by node index, in ascending order. A code in the set goes right, one
    /// outside goes left.
    package var categoricalNodes: [CategoricalNode]
    /// How a number becomes a category's code.
    package var categoryCodes: CategoryCodes

    /// Leaves that are linear in some features (LightGBM's linear trees), by node index, in ascending order. Where
    /// one of their features is NaN, the leaf's own value counts.
    package var linearLeaves: [LinearLeaf]

    /// Numbers a leaf: 1, or `groupCount` (XGBoost's multi_output_tree).
    package var leafWidth: Int
    /// Row-major [leaf rows, leafWidth]; empty where `leafWidth` is 1.
    package var leafVectors: [Double]

    package struct CategoricalNode: Sendable, Hashable {
        package let node: Int32
        /// Ascending.
        package let categoriesGoingRight: [Int32]

        package init(node: Int32, categoriesGoingRight: [Int32]) {
            self.node = node
            self.categoriesGoingRight = categoriesGoingRight
        }
    }

    package enum CategoryCodes: Sendable, Hashable {
        /// A code is from 0 to 2^24; all else is in no set (XGBoost 1.5 and later).
        case below16777216
        /// Cut off towards zero, as C's conversion to a 32-bit integer does; a negative result, or a number that has
        /// none, is in no set (LightGBM).
        case truncated
    }

    package struct LinearLeaf: Sendable, Hashable {
        package let node: Int32
        package let constant: Double
        package let features: [Int32]
        /// One a feature.
        package let coefficients: [Double]

        package init(node: Int32, constant: Double, features: [Int32], coefficients: [Double]) {
            self.node = node
            self.constant = constant
            self.features = features
            self.coefficients = coefficients
        }
    }

    /// What counts as zero for `takesZeroForMissing`: LightGBM's `kZeroThreshold`, a float32.
    package static let zeroBound = Double(Float(1e-35))

    /// An ensemble without trees; importers append to it.
    package init(featureCount: Int, groupCount: Int, comparison: Comparison, precision: Precision) {
        self.featureCount = featureCount
        self.groupCount = groupCount
        self.comparison = comparison
        self.precision = precision
        roots = []
        treeGroups = []
        treeWeights = []
        baseScores = [Double](repeating: 0, count: groupCount)
        features = []
        thresholds = []
        leftChildren = []
        rightChildren = []
        missingGoesLeft = []
        acceptsMissing = true
        leafValues = []
        takesZeroForMissing = []
        categoricalNodes = []
        categoryCodes = .below16777216
        linearLeaves = []
        leafWidth = 1
        leafVectors = []
    }

    /// Makes room for that many nodes in all, so that no array grows to twice what it holds. A caller that has the
    /// count from a file has bounded it by the file's size.
    package mutating func reserveNodes(_ count: Int) {
        features.reserveCapacity(count)
        thresholds.reserveCapacity(count)
        leftChildren.reserveCapacity(count)
        rightChildren.reserveCapacity(count)
        missingGoesLeft.reserveCapacity(count)
        leafValues.reserveCapacity(count)
    }

    package var treeCount: Int { roots.count }
    package var nodeCount: Int { features.count }
    package func isLeaf(_ node: Int) -> Bool { leftChildren[node] < 0 }
}
