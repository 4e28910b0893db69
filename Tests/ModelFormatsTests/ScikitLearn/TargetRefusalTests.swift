import InferenceEngine
import ModelIR
import Testing

@testable import ModelFormats

/// Classifiers of several targets, and neighbours' trees, that no library would save.
@Suite struct TargetRefusalTests {
    private static let two = PythonValue.objects([.integer(0), .integer(1)])
    private static let member = PythonValue.estimator(
        "linear_model._logistic.LogisticRegression",
        [
            ("n_features_in_", .integer(2)), ("classes_", two), ("coef_", .array([1, 2], shape: [1, 2])),
            ("intercept_", .vector([0.5])), ("solver", .text("lbfgs")),
        ])

    private static func place(_ value: PythonValue) -> String? { DenseModelRefusalTests.refusal(value)?.place }

    private static func chain(_ order: PythonValue, method: String = "predict", count: Int = 1) -> PythonValue {
        .estimator(
            "multioutput.ClassifierChain",
            [
                ("n_features_in_", .integer(2)),
                ("estimators_", .list([PythonValue](repeating: member, count: count))), ("order_", order),
                ("chain_method_", .text(method)),
            ])
    }

    @Test func readsAChainOfOne() {
        #expect(Self.place(Self.chain(.list([.integer(0)]))) == nil)
    }

    @Test(
        arguments: [
            .list([]), .list([.integer(1)]), .list([.integer(-1)]), .list([.integer(0), .integer(0)]), .none,
            .list([.text("a")]), .integer(0),
        ] as [PythonValue])
    func refusesABrokenOrder(order: PythonValue) {
        #expect(Self.place(Self.chain(order)) == "model.order_")
    }

    @Test func refusesAMethodThatAChainCannotTake() {
        #expect(Self.place(Self.chain(.list([.integer(0)]), method: "apply")) == "model/estimators_[0]")
        // The second member has one more column than it was fitted on.
        #expect(Self.place(Self.chain(.list([.integer(0), .integer(1)]), count: 2)) == "model/estimators_[1].coef_")
    }

    private static func forest(classes: PythonValue, outputs: Int = 2) -> PythonValue {
        .estimator(
            "ensemble._forest.RandomForestClassifier",
            [
                ("n_features_in_", .integer(2)), ("n_outputs_", .integer(outputs)), ("classes_", classes),
                ("estimators_", .list([.treeRegressor(.tree(values: .array([1, 0, 1, 0, 1, 0], shape: [3, 2, 1])))])),
            ])
    }

    @Test func readsClassesOfEachTarget() {
        let one = PythonValue.objects([.text("a")])
        #expect(Self.place(Self.forest(classes: .list([one, one]))) == nil)
    }

    @Test(
        arguments: [
            (.list([two]), "model.classes_"), (.list([two, .none]), "model.classes_[1]"),
            (.list([two, .objects([])]), "model.classes_"), (two, "model.classes_"), (.integer(2), "model.classes_"),
            (.list([two, two]), "model/estimators_[0].tree_.values"),
            (.list([two, .objects([.integer(1), .text("a")])]), "model.classes_[1]"),
        ] as [(PythonValue, String)])
    func refusesOtherClasses(classes: PythonValue, place: String) {
        #expect(Self.place(Self.forest(classes: classes)) == place)
    }

    private static func multilabel(_ name: String, _ attributes: [(String, PythonValue)], count: Int) -> PythonValue {
        let labels = PythonValue.objects((0..<count).map { .integer($0) })
        let binarizer = PythonValue.estimator(
            "preprocessing._label.LabelBinarizer",
            [("classes_", labels), ("y_type_", .text("multilabel-indicator"))])
        return .estimator(
            "somewhere.\(name)",
            [("n_features_in_", .integer(2)), ("_label_binarizer", binarizer), ("label_binarizer_", binarizer)]
                + attributes)
    }

    @Test func refusesOtherNumbersOfLabels() {
        let ridge: [(String, PythonValue)] = [
            ("coef_", DenseModelSample.matrix(3, 2)), ("intercept_", .vector([1, 2, 3])),
        ]
        #expect(Self.place(Self.multilabel("RidgeClassifier", ridge, count: 3)) == nil)
        #expect(Self.place(Self.multilabel("RidgeClassifier", ridge, count: 2)) == "model.coef_")
        #expect(Self.place(Self.multilabel("RidgeClassifier", ridge, count: 0)) == "model.coef_")
        let network: [(String, PythonValue)] = [
            ("coefs_", .list([DenseModelSample.matrix(2, 3)])), ("intercepts_", .list([.vector([1, 2, 3])])),
            ("activation", .text("relu")), ("out_activation_", .text("logistic")),
        ]
        #expect(Self.place(Self.multilabel("MLPClassifier", network, count: 3)) == nil)
        #expect(Self.place(Self.multilabel("MLPClassifier", network, count: 2)) == "model.coefs_")
        let rest: [(String, PythonValue)] = [("estimators_", .list([Self.member, Self.member]))]
        #expect(Self.place(Self.multilabel("OneVsRestClassifier", rest, count: 2)) == nil)
        #expect(Self.place(Self.multilabel("OneVsRestClassifier", rest, count: 3)) == "model.estimators_")
    }

    // MARK: Trees of neighbours

    /// Four points in two leaves.
    private static func neighbors(_ changes: [Int: PythonValue] = [:]) -> PythonValue {
        var nodes: [UInt8] = []
        for (start, end, isLeaf) in [(0, 4, 0), (0, 2, 1), (2, 4, 1)] {
            for value in [start, end, isLeaf, 0] { nodes += PickleAssembler.little(value, bytes: 8) }
        }
        var state: [PythonValue] = [
            DenseModelSample.matrix(4, 2), .vector([0, 1, 2, 3]),
            .structures(
                [("idx_start", "i8", 0), ("idx_end", "i8", 8), ("is_leaf", "i8", 16), ("radius", "f8", 24)],
                itemBytes: 32, count: 3, data: nodes),
            .array([0, 0, 0, 0, 4, 5, 9, 9, 4, 4, 9, 9], shape: [2, 3, 2]),
        ]
        for (index, value) in changes { state[index] = value }
        return .estimator(
            "neighbors._classification.KNeighborsClassifier",
            [
                ("_sklearn_version", .text("1.7.2")), ("n_features_in_", .integer(2)), ("n_neighbors", .integer(1)),
                ("classes_", two), ("_y", .vector([0, 1, 0, 1])), ("outputs_2d_", .boolean(false)),
                ("weights", .text("uniform")), ("effective_metric_", .text("euclidean")),
                ("_fit_X", DenseModelSample.matrix(4, 2)), ("_fit_method", .text("kd_tree")),
                (
                    "_tree",
                    .built("sklearn.neighbors._kd_tree.newObj", [.global("m", "KDTree")], .tuple(state))
                ),
            ])
    }

    @Test func readsATreeOfNeighbors() {
        #expect(DenseModelRefusalTests.refusal(Self.neighbors()) == nil)
    }

    @Test(
        arguments: [
            (1, .vector([0, 1, 2, 2])), (1, .vector([0, 1, 2])), (1, .vector([0, 1, 2, 4])),
            (1, .vector([0, 1, 2, 0.5])), (1, .none), (2, .vector([1, 2, 3])), (2, .none),
            (3, .array([0, 0, 0, 0, 4, 5], shape: [1, 3, 2])), (3, .none), (3, .vector([1])),
        ] as [(Int, PythonValue)])
    func refusesABrokenTree(index: Int, value: PythonValue) throws {
        let error = try #require(DenseModelRefusalTests.refusal(Self.neighbors([index: value])))
        #expect(error.place.hasPrefix("model._tree"), "\(error)")
    }

    // MARK: Importances

    private static func selection(threshold: PythonValue) -> PythonValue {
        // The first column's importance is 1, the second's 0.
        let tree = PythonValue.treeRegressor(.tree())
        return .estimator(
            "feature_selection._from_model.SelectFromModel",
            [("n_features_in_", .integer(2)), ("estimator_", tree), ("threshold", threshold)])
    }

    @Test func refusesASelectionThatTheLastBitDecides() {
        // Impurities of the test's tree are 0, so that no column has any importance and any weight is 0 / 0.
        #expect(Self.place(Self.selection(threshold: .float(0.5))) == "model.threshold")
    }
}
