/// Trees as scikit-learn pickles them, whole and broken.
extension PythonValue {
    /// One node; a leaf has no children.
    struct TreeNode: Sendable {
        var left = -1
        var right = -1
        var feature = -2
        var threshold = -2.0
        var samples = 1
        var missingGoesLeft = false
    }

    /// A stump: feature 0 up to 0.5 gives the first value, above it the second.
    static let stump: [TreeNode] = [
        TreeNode(left: 1, right: 2, feature: 0, threshold: 0.5, samples: 5), TreeNode(samples: 2), TreeNode(samples: 3),
    ]

    /// `sklearn.tree._tree.Tree(features, classes, outputs)` with its state.
    static func tree(
        _ nodes: [TreeNode] = stump, features: Int = 2, values: PythonValue = .array([0, 10, 20], shape: [3, 1, 1])
    ) -> PythonValue {
        .call(
            "sklearn.tree._tree.Tree", [.integer(features), .array([1], shape: [1]), .integer(1)],
            state: [("max_depth", .integer(1)), ("nodes", .treeNodes(nodes)), ("values", values)])
    }

    static func treeRegressor(
        _ tree: PythonValue = tree(), _ attributes: [(String, PythonValue)] = []
    ) -> PythonValue {
        .estimator(
            "tree._classes.DecisionTreeRegressor",
            [
                ("n_features_in_", .integer(2)), ("n_outputs_", .integer(1)), ("splitter", .text("best")),
                ("criterion", .text("squared_error")), ("tree_", tree),
            ] + attributes)
    }

    static func forest(_ members: [PythonValue]) -> PythonValue {
        .estimator(
            "ensemble._forest.RandomForestRegressor",
            [("n_features_in_", .integer(2)), ("n_outputs_", .integer(1)), ("estimators_", .list(members))])
    }

    /// The structure of 1.3 and later: 64 bytes a node.
    static func treeNodes(_ nodes: [TreeNode]) -> PythonValue {
        var data: [UInt8] = []
        for node in nodes {
            for value in [node.left, node.right, node.feature] { data += PickleAssembler.little(value, bytes: 8) }
            data += PickleAssembler.little(Int(bitPattern: UInt(node.threshold.bitPattern)), bytes: 8)
            data += [UInt8](repeating: 0, count: 8)
            data += PickleAssembler.little(node.samples, bytes: 8)
            data += [UInt8](repeating: 0, count: 8)
            data += [node.missingGoesLeft ? 1 : 0] + [UInt8](repeating: 0, count: 7)
        }
        return .structures(
            [
                ("left_child", "i8", 0), ("right_child", "i8", 8), ("feature", "i8", 16), ("threshold", "f8", 24),
                ("impurity", "f8", 32), ("n_node_samples", "i8", 40), ("weighted_n_node_samples", "f8", 48),
                ("missing_go_to_left", "u1", 56),
            ], itemBytes: 64, count: nodes.count, data: data)
    }
}
