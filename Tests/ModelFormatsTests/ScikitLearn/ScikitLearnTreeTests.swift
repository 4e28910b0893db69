import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

@testable import ModelFormats

/// Trees that no library would save, and what becomes of those that it does.
@Suite struct ScikitLearnTreeTests {
    private static func refusal(_ value: PythonValue) -> ImportError? {
        let bytes = value.pickled
        return importError { try ScikitLearnHostileTests.load(bytes.span) }
    }

    private func predictions(_ value: PythonValue, _ rows: [[ParityCase.Cell]]) throws -> ParityAnswer {
        let bytes = value.pickled
        let model = try ModelCompiler.compile(ScikitLearnImporter().importModel(bytes.span).graph)
        return try ParityAnswer(model, rows: rows)
    }

    // MARK: What is read

    @Test func readsTheFilesOwnLayout() throws {
        let answer = try predictions(.treeRegressor(), [[.number(0.5), .number(0)], [.number(0.6), .number(0)]])
        #expect(answer.outputs["prediction"] == [.number(10), .number(20)])
    }

    @Test func comparesInFloat32() throws {
        // 0.1 as float32 is above 0.1, so that it goes right of a threshold of 0.1.
        var nodes = PythonValue.stump
        nodes[0].threshold = 0.1
        let answer = try predictions(.treeRegressor(.tree(nodes)), [[.number(0.1), .number(0)]])
        #expect(answer.outputs["prediction"] == [.number(20)])
    }

    @Test(arguments: [true, false]) func sendsMissingValuesWhereTheNodeSays(goesLeft: Bool) throws {
        var nodes = PythonValue.stump
        nodes[0].missingGoesLeft = goesLeft
        let answer = try predictions(.treeRegressor(.tree(nodes)), [[.missing, .number(0)]])
        #expect(answer.outputs["prediction"] == [.number(goesLeft ? 10 : 20)])
    }

    @Test(arguments: [
        ("1.2.2", "best", "squared_error"), ("1.5.2", "random", "squared_error"), ("1.7.2", "best", "absolute_error"),
    ])
    func refusesMissingValuesWhereTheLibraryDoes(version: String, splitter: String, criterion: String) throws {
        let model = PythonValue.object(
            "sklearn.tree._classes.DecisionTreeRegressor",
            [
                ("n_features_in_", .integer(2)), ("tree_", .tree()), ("splitter", .text(splitter)),
                ("criterion", .text(criterion)), ("_sklearn_version", .text(version)),
            ])
        let answer = try predictions(model, [[.number(0), .missing], [.number(0), .number(0)]])
        #expect(answer.faults == [0])
    }

    @Test func averagesAForest() throws {
        let answer = try predictions(
            .forest([.treeRegressor(), .treeRegressor(.tree(values: .array([0, 1, 2], shape: [3, 1, 1])))]),
            [[.number(0), .number(0)], [.number(1), .number(0)]])
        #expect(answer.outputs["prediction"] == [.number(5.5), .number(11)])
    }

    // MARK: What is refused

    static let brokenTrees: [(PythonValue, String)] = [
        (.none, ".tree_"), (.integer(1), ".tree_"), (.list([]), ".tree_"),
        (.tree(features: 3), ".tree_"),
        (.tree([]), ".tree_.nodes"),
        (.tree(values: .array([0, 1], shape: [2, 1, 1])), ".tree_.values"),
        (.tree(values: .array([0, 1, 2], shape: [3])), ".tree_.values"),
        (.tree(values: .array([], shape: [3, 1, 0])), ".tree_.values"),
        (.tree(values: .text("x")), ".tree_.values"),
        (.tree(values: .array([0, 1, 2, 3, 4, 5], shape: [3, 2, 1])), ".tree_.values"),
        (.tree(values: .array([0, 1, 2, 3, 4, 5], shape: [3, 1, 2])), ".tree_.values"),
        (.tree([.init(left: 3, right: 1, feature: 0), .init(), .init()]), ".tree_.nodes.left_child[0]"),
        (.tree([.init(left: 1, right: 1 << 40, feature: 0), .init(), .init()]), ".tree_.nodes.right_child[0]"),
        (.tree([.init(left: 1, right: -1, feature: 0), .init(), .init()]), ".tree_.nodes[0]"),
        (.tree([.init(left: 1, right: 2, feature: 2), .init(), .init()]), ".tree_.nodes.feature[0]"),
        // A cycle, a shared child, a feature that is none: the ensemble's own proof.
        (.tree([.init(left: 0, right: 1, feature: 0), .init(), .init()]), "model (TreeEnsemble)"),
        (.tree([.init(left: 1, right: 1, feature: 0), .init(), .init()]), "model tree 0 node 1"),
        (.tree([.init(left: 1, right: 2, feature: -1), .init(), .init()]), "model tree 0 node 0"),
        (
            .call(
                "sklearn.tree._tree.Tree", [.integer(2), .none, .integer(1)],
                state: [("nodes", .array([1], shape: [1])), ("values", .array([1], shape: [1, 1, 1]))]), ".tree_.nodes"
        ),
        (
            .call(
                "sklearn.tree._tree.Tree", [.integer(2), .none, .integer(1)],
                state: [
                    (
                        "nodes",
                        .structures([("threshold", "f8", 0)], itemBytes: 8, count: 1, data: [0, 0, 0, 0, 0, 0, 0, 0])
                    ),
                    ("values", .array([1], shape: [1, 1, 1])),
                ]), ".tree_.nodes"
        ),
        (.call("sklearn.tree._tree.Tree", [.integer(2)], state: []), ".tree_"),
    ]

    @Test(arguments: 0..<brokenTrees.count) func refusesBrokenTrees(index: Int) throws {
        let (tree, place) = Self.brokenTrees[index]
        let error = try #require(Self.refusal(.treeRegressor(tree)), "\(place)")
        #expect(
            error.place.hasPrefix("model") && (error.place.hasSuffix(place) || error.place.contains("tree 0")),
            "\(error)")
    }

    @Test(arguments: [
        [("left_child", "i8", 1 << 20)], [("left_child", "i8", -8)], [("left_child", "i8", 60)],
        [("left_child", "q", 0)],
        [(String, String, Int)](repeating: ("left_child", "i8", 0), count: NumPyDataType.fieldsMax + 1),
    ])
    func refusesStructuresThatDoNotFit(fields: [(String, String, Int)]) {
        let nodes = PythonValue.structures(
            fields, itemBytes: 64, count: 1, data: [UInt8](repeating: 0, count: 64))
        let tree = PythonValue.call(
            "sklearn.tree._tree.Tree", [.integer(2), .none, .integer(1)],
            state: [("nodes", nodes), ("values", .array([1], shape: [1, 1, 1]))])
        #expect(Self.refusal(.treeRegressor(tree))?.kind == .malformed)
    }

    @Test func refusesAnEmptyForestAndWrongMembers() throws {
        #expect(try #require(Self.refusal(.forest([]))).place == "model.estimators_")
        #expect(try #require(Self.refusal(.forest([.integer(1)]))).place == "model/estimators_[0]")
        #expect(
            try #require(Self.refusal(.forest([.treeRegressor(), .treeRegressor(.none)]))).place
                == "model/estimators_[1].tree_")
    }

    // MARK: Bombs

    /// A small file may name one tree many times; what is read of it in all is bounded by the file's size.
    @Test(.timeLimit(.minutes(5))) func boundsATreeThatIsNamedAgainAndAgain() throws {
        let count = 8191
        var nodes: [PythonValue.TreeNode] = []
        for index in 0..<count {
            let left = 2 * index + 1
            nodes.append(left + 1 < count ? .init(left: left, right: left + 1, feature: 0) : .init())
        }
        let values = PythonValue.array([Double](repeating: 1, count: count), shape: [count, 1, 1])
        var members = [PythonValue.memoized(0, .treeRegressor(.tree(nodes, values: values)))]
        for _ in 0..<100_000 { members.append(.memo(0)) }
        let error = try #require(Self.refusal(.forest(members)))
        #expect(error.kind == .limit, "\(error)")
    }

    @Test(.timeLimit(.minutes(5))) func boundsEnsemblesInEnsembles() throws {
        // Each level holds the one before it twice: 2^15 members.
        var inner = PythonValue.memoized(0, .treeRegressor())
        for level in 1..<16 {
            inner = .memoized(
                level,
                .estimator(
                    "ensemble._voting.VotingRegressor",
                    [("estimators_", .list([inner, .memo(level - 1)])), ("weights", .none)]))
        }
        let error = try #require(Self.refusal(inner))
        #expect(error.kind == .limit, "\(error)")
    }

    @Test func boundsAnEnsembleInItself() throws {
        let voting = PythonValue.memoized(
            0, .object("sklearn.ensemble._voting.VotingRegressor", [("estimators_", .list([.memo(0)]))]))
        #expect(try #require(Self.refusal(voting)).kind == .limit)
    }

    // MARK: The fast forest

    /// Forests and boosted trees as they are saved run in the fast forest, with the reference's answers.
    @Test(arguments: [
        "1.1.3/forest_classifier", "1.7.2/forest_classifier", "1.7.2/forest_classifier_missing_weighted",
        "1.7.2/forest_regressor", "1.7.2/forest_regressor_multi_output", "1.7.2/tree_regressor_missing",
        "1.3.2/tree_classifier_weighted", "1.7.2/boosting_classifier_multi", "1.7.2/boosting_classifier_binary",
        "1.7.2/histogram_classifier_multi", "1.7.2/histogram_regressor", "1.7.2/histogram_regressor_poisson",
    ])
    func forestsRunInTheFastPredictor(name: String) throws {
        let fixture = try ParityCase.named(name)
        let bytes = try fixture.modelBytes
        let graph = try ScikitLearnImporter().importModel(bytes.span).graph
        let fast = try ModelCompiler.compile(graph)
        #expect(fast.predictor.report.name.hasPrefix("forest-"))
        let rows = try fixture.answer.rows
        let answer = try ParityAnswer(fast, rows: rows)
        let reference = try ParityAnswer(ModelCompiler.compile(graph, forcing: "reference"), rows: rows)
        #expect(answer.faults == reference.faults)
        #expect(answer.outputs == reference.outputs)
    }

    @Test func categoriesRunInAPredictorThatTakesThem() throws {
        let bytes = try ParityCase.named("1.3.2/histogram_regressor_categories").modelBytes
        let model = try ScikitLearnHostileTests.load(bytes.span)
        #expect(model.predictor.report.name.hasPrefix("forest-"))
    }

    // MARK: Mutation

    /// Real files, changed: always a model or an `ImportError`. Compressed ones are changed inside.
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            "1.7.2/forest_regressor", "1.7.2/extra_tree_classifier", "1.7.2/histogram_regressor",
            "1.7.2/histogram_regressor_categories", "1.3.2/boosting_classifier_multi", "1.1.3/isolation_forest",
            "1.7.2/adaboost_samme", "1.7.2/bagging_classifier", "1.9.1/calibrated_temperature",
            "1.7.2/calibrated_isotonic_multi", "1.7.2/voting_soft", "1.7.2/stacking_classifier", "1.7.2/one_vs_one",
            "1.7.2/regressor_chain", "1.7.2/threshold_tuned", "1.7.2/target_log1p",
        ])
    func survivesMutation(name: String) throws {
        let saved = try ParityCase.named(name).modelBytes
        let content = try PickleContainer.detect(saved.span)?.unwrap(saved.span, limits: PickleLimits())
        let original = content ?? saved
        let seed = UInt64.random(in: 0..<1 << 32)
        print("mutating \(name) from seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: bytes[place] = 0xff
                default:
                    let source = Int.random(in: 0..<bytes.count, using: &generator)
                    let count = min(16, bytes.count - max(source, place))
                    bytes.replaceSubrange(place..<place + count, with: bytes[source..<source + count])
                }
            }
            _ = importError { try ScikitLearnHostileTests.load(bytes.span) }
        }
    }

    @Test(
        .timeLimit(.minutes(5)),
        arguments: ["1.7.2/forest_regressor", "1.7.2/histogram_regressor", "1.7.2/stacking_classifier"])
    func refusesEveryTruncation(name: String) throws {
        let saved = try ParityCase.named(name).modelBytes
        let original = try PickleContainer.detect(saved.span)?.unwrap(saved.span, limits: PickleLimits()) ?? saved
        for length in 0..<original.count {
            let cut = Array(original[..<length])
            #expect(importError { try ScikitLearnHostileTests.load(cut.span) } != nil, "\(length) bytes")
        }
    }
}
