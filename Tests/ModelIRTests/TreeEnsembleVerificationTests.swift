import ModelIR
import Testing

/// `verify` proves what unchecked kernels rely on: each of these ensembles would make one read beyond its arrays,
/// loop for ever, or add to a sum that is not there.
@Suite struct TreeEnsembleVerificationTests {
    /// Two trees: a root with two leaves, and a lone leaf.
    static let sound: TreeEnsemble = {
        var ensemble = TreeEnsemble(featureCount: 2, groupCount: 2, comparison: .less, precision: .float32)
        ensemble.roots = [0, 3]
        ensemble.treeGroups = [0, 1]
        ensemble.features = [1, -1, -1, -1]
        ensemble.thresholds = [0.5, 0, 0, 0]
        ensemble.leftChildren = [1, -1, -1, -1]
        ensemble.rightChildren = [2, -1, -1, -1]
        ensemble.missingGoesLeft = [true, false, false, false]
        ensemble.leafValues = [0, 1, 2, 3]
        return ensemble
    }()

    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let apply: @Sendable (inout TreeEnsemble) -> Void

        init(_ name: String, _ apply: @escaping @Sendable (inout TreeEnsemble) -> Void) {
            testDescription = name
            self.apply = apply
        }
    }

    @Test func takesASoundEnsemble() throws {
        try Self.sound.verify(place: "model")
        try TreeEnsemble(featureCount: 0, groupCount: 1, comparison: .less, precision: .float64).verify(place: "empty")
    }

    @Test(arguments: [
        Damage("a threshold too few") { $0.thresholds.removeLast() },
        Damage("a left child too many") { $0.leftChildren.append(-1) },
        Damage("no right children") { $0.rightChildren = [] },
        Damage("a missing direction too few") { $0.missingGoesLeft.removeLast() },
        Damage("a leaf value too few") { $0.leafValues.removeLast() },
        Damage("a feature too many") { $0.features.append(0) },
        Damage("a root beyond the nodes") { $0.roots[1] = 4 },
        Damage("a negative root") { $0.roots[0] = -1 },
        Damage("one root for two trees") { $0.roots = [0, 0] },
        Damage("a root within another tree") { $0.roots = [0, 2] },
        Damage("a child beyond the nodes") { $0.rightChildren[0] = 4 },
        Damage("the largest child") { $0.leftChildren[0] = .max },
        Damage("a negative right child") { $0.rightChildren[0] = -1 },
        Damage("a node as its own child") { $0.leftChildren[0] = 0 },
        Damage("a cycle of two") { ($0.leftChildren[1], $0.rightChildren[1], $0.features[1]) = (0, 2, 0) },
        Damage("both children the same") { $0.rightChildren[0] = 1 },
        Damage("a child in another tree") { $0.rightChildren[0] = 3 },
        Damage("a leaf with a right child") { $0.rightChildren[1] = 2 },
        Damage("a feature beyond the columns") { $0.features[0] = 2 },
        Damage("a negative feature in an inner node") { $0.features[0] = -1 },
        Damage("a group beyond the groups") { $0.treeGroups[1] = 2 },
        Damage("a negative group") { $0.treeGroups[0] = -1 },
        Damage("a tree without a group") { $0.treeGroups = [0] },
        Damage("a weight too few") { $0.treeWeights = [1] },
        Damage("a base score too few") { $0.baseScores = [0] },
        Damage("no groups") { ($0.groupCount, $0.baseScores) = (0, []) },
        Damage("a negative number of groups") { $0.groupCount = -1 },
        Damage("leaves of no width") { $0.leafWidth = 0 },
        Damage("leaves of another width than the groups") { ($0.leafWidth, $0.leafVectors) = (3, [1, 2, 3]) },
        Damage("half a leaf row") { ($0.leafWidth, $0.leafVectors, $0.leafValues) = (2, [1, 2, 3], [0, 0, 0, 0]) },
        Damage("a leaf row beyond the rows") { ($0.leafWidth, $0.leafVectors) = (2, [1, 2]) },
        Damage("a leaf row between two") {
            ($0.leafWidth, $0.leafVectors, $0.leafValues) = (2, [1, 2, 3, 4], [0, 0.5, 0, 0])
        },
        Damage("a leaf row that is not a number") {
            ($0.leafWidth, $0.leafVectors, $0.leafValues) = (2, [1, 2], [0, .nan, 0, 0])
        },
        Damage("an infinite leaf row") {
            ($0.leafWidth, $0.leafVectors, $0.leafValues) = (2, [1, 2], [0, .infinity, 0, 0])
        },
        Damage("a negative leaf row") {
            ($0.leafWidth, $0.leafVectors, $0.leafValues) = (2, [1, 2], [0, -1, 0, 0])
        },
        Damage("categories of a leaf") { $0.categoricalNodes = [.init(node: 1, categoriesGoingRight: [])] },
        Damage("categories of no node") { $0.categoricalNodes = [.init(node: 4, categoriesGoingRight: [])] },
        Damage("categories of a negative node") { $0.categoricalNodes = [.init(node: -1, categoriesGoingRight: [])] },
        Damage("categories twice") {
            let entry = TreeEnsemble.CategoricalNode(node: 0, categoriesGoingRight: [])
            $0.categoricalNodes = [entry, entry]
        },
        Damage("categories out of order") { $0.categoricalNodes = [.init(node: 0, categoriesGoingRight: [2, 1])] },
        Damage("a category twice") { $0.categoricalNodes = [.init(node: 0, categoriesGoingRight: [1, 1])] },
        Damage("a negative category") { $0.categoricalNodes = [.init(node: 0, categoriesGoingRight: [-1])] },
    ])
    func refuses(_ damage: Damage) {
        var ensemble = Self.sound
        damage.apply(&ensemble)
        let error = #expect(throws: ImportError.self) { try ensemble.verify(place: "model") }
        #expect(error?.kind == .malformed)
        #expect(error?.place.hasPrefix("model") == true)
    }

    @Test func walksALongChainWithoutRecursion() throws {
        var ensemble = TreeEnsemble(featureCount: 1, groupCount: 1, comparison: .less, precision: .float64)
        let depth: Int32 = 200_000
        ensemble.roots = [0]
        ensemble.treeGroups = [0]
        for level in 0..<depth {
            // An inner node, then its left leaf; the right child is the next inner node, or the last leaf.
            ensemble.features += [0, -1]
            ensemble.leftChildren += [2 * level + 1, -1]
            ensemble.rightChildren += [2 * level + 2, -1]
        }
        ensemble.features.append(-1)
        ensemble.leftChildren.append(-1)
        ensemble.rightChildren.append(-1)
        let count = ensemble.features.count
        ensemble.thresholds = [Double](repeating: 0, count: count)
        ensemble.leafValues = [Double](repeating: 0, count: count)
        ensemble.missingGoesLeft = [Bool](repeating: false, count: count)
        try ensemble.verify(place: "chain")
        ensemble.rightChildren[count - 2 - 1] = 0
        #expect(throws: ImportError.self) { try ensemble.verify(place: "chain") }
    }
}
