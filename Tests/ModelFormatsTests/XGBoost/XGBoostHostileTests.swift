import Foundation
import ModelFormats
import ModelIR
import TensorCore
import Testing

/// A minimal model whose parts can be replaced: two trees, three features.
private struct Document {
    enum Part: CaseIterable {
        case learnerParameters, objective, names, attributes, booster, treeInfo, boosterParameters, rounds, weights,
            left, right, features, conditions, defaults, types, categories, treeParameters, extra
    }

    private var parts: [Part: String] = [
        .learnerParameters: #"{"base_score":"5E-1","num_class":"0","num_feature":"3","num_target":"1"}"#,
        .objective: #"{"name":"reg:squarederror"}"#,
        .names: "[]",
        .attributes: "{}",
        .booster: #""gbtree""#,
        .treeInfo: "[0,0]",
        .boosterParameters: #"{"num_parallel_tree":"1","num_trees":"2"}"#,
        .rounds: #","iteration_indptr":[0,1,2]"#,
        .weights: "",
        .left: "[1,-1,-1]",
        .right: "[2,-1,-1]",
        .features: "[2,0,0]",
        .conditions: "[0.5,1,2]",
        .defaults: "[1,0,0]",
        .types: "[0,0,0]",
        .categories: "",
        .treeParameters: #"{"num_nodes":"3","size_leaf_vector":"1"}"#,
        .extra: "",
    ]

    subscript(part: Part) -> String {
        get { parts[part] ?? "" }
        set { parts[part] = newValue }
    }

    var text: String {
        let tree = """
            {"left_children":\(self[.left]),"right_children":\(self[.right]),"split_indices":\(self[.features]),\
            "split_conditions":\(self[.conditions]),"default_left":\(self[.defaults]),\
            "split_type":\(self[.types])\(self[.categories]),"tree_param":\(self[.treeParameters])}
            """
        let leaf = """
            {"left_children":[-1],"right_children":[-1],"split_indices":[0],"split_conditions":[0.25],\
            "default_left":[0],"tree_param":{"num_nodes":"1","size_leaf_vector":"1"}}
            """
        return """
            {"learner":{"attributes":\(self[.attributes]),"feature_names":\(self[.names]),"gradient_booster":{"model":\
            {"gbtree_model_param":\(self[.boosterParameters])\(self[.rounds]),"tree_info":\(self[.treeInfo]),\
            "trees":[\(leaf),\(tree)]},"name":\(self[.booster])\(self[.weights])},\
            "learner_model_param":\(self[.learnerParameters]),"objective":\(self[.objective])\(self[.extra])},\
            "version":[3,2,0]}
            """
    }
}

@Suite struct XGBoostHostileTests {
    @Test func takesTheDocumentThatTheOthersBreak() throws {
        let model = try importXGBoost(Array(Document().text.utf8)).get()
        #expect(model.producer == "XGBoost 3.2.0")
        #expect(model.graph.columns.count == 3)
        #expect(model.graph.columns.allSatisfy { $0.name == nil })
        #expect(model.steps.map(\.className) == ["gbtree", "reg:squarederror"])
    }

    private static let model = "learner.gradient_booster.model"

    @Test(arguments: [
        // Children.
        (Document.Part.left, "[900,-1,-1]", "trees[1].left_children[0]", "900", "-1 or 1..<3"),
        (Document.Part.left, "[-2,-1,-1]", "trees[1].left_children[0]", "-2", "-1 or 1..<3"),
        (Document.Part.left, "[0,-1,-1]", "trees[1].left_children[0]", "0", "-1 or 1..<3"),
        (Document.Part.left, "[2,-1,-1]", "trees[1].left_children[0]", "2, which has a parent already", "no cycle"),
        (Document.Part.left, "[1,2,-1]", "trees[1].right_children[1]", "-1", "1..<3"),
        (Document.Part.right, "[-1,-1,-1]", "trees[1].right_children[0]", "-1", "1..<3"),
        (Document.Part.right, "[2,2,-1]", "trees[1].right_children[1]", "2", "-1"),
        (Document.Part.right, "[2147483647,-1,-1]", "trees[1].right_children[0]", "2147483647", "1..<3"),
        (Document.Part.right, "[2147483648,-1,-1]", "trees[1].right_children[0]", "out of range", "32 bits"),
        (Document.Part.left, "[1,-1]", "trees[1].right_children", "3 elements", "2, one for each"),
        (Document.Part.left, "[]", "trees[1].left_children", "no nodes", "a leaf"),
        (Document.Part.left, "[1,-1,1.5]", "trees[1].left_children[2]", "fraction", "integer"),
        (Document.Part.left, "[1,-1,null]", "trees[1].left_children[2]", "\"n\"", "a number"),
        (Document.Part.left, "null", "trees[1].left_children", "\"n\"", "an array"),
        // Splits.
        (Document.Part.features, "[3,0,0]", "trees[1].split_indices[0]", "3", "0..<3"),
        (Document.Part.features, "[-1,0,0]", "trees[1].split_indices[0]", "-1", "0..<3"),
        (Document.Part.features, "[0,0]", "trees[1].split_indices", "2 elements", "3"),
        (Document.Part.conditions, "[NaN,1,2]", "trees[1].split_conditions[0]", "NaN", "a threshold"),
        (Document.Part.conditions, "[1e39,1,2]", "trees[1].split_conditions[0]", "out of range", "3.4e38"),
        (Document.Part.conditions, "[1,2]", "trees[1].split_conditions", "2 elements", "3"),
        (Document.Part.defaults, "[1]", "trees[1].default_left", "1 elements", "3"),
        (Document.Part.types, "[2,0,0]", "trees[1].split_type[0]", "2", "0 (numeric)"),
        (Document.Part.types, "[1,0,0]", "trees[1].categories_nodes", "nothing for node 0", "categories"),
        (Document.Part.types, "[0]", "trees[1].split_type", "1 elements", "3"),
        (Document.Part.treeParameters, #"{"num_nodes":"4"}"#, "trees[1].tree_param.num_nodes", "4", "3"),
        (
            Document.Part.treeParameters, #"{"num_nodes":"3","size_leaf_vector":"2"}"#,
            "trees[1].tree_param.size_leaf_vector", "2", "1"
        ),
        (
            Document.Part.treeParameters, #"{"num_nodes":"99999999999"}"#, "trees[1].tree_param.num_nodes",
            "99999999999", "at most"
        ),
        // Counts.
        (Document.Part.treeInfo, "[0]", "tree_info", "1 elements", "2"),
        (Document.Part.treeInfo, "[0,1]", "tree_info[1]", "1", "0..<1"),
        (Document.Part.treeInfo, "[0,-1]", "tree_info[1]", "-1", "0..<1"),
        (Document.Part.boosterParameters, #"{"num_trees":"3"}"#, "gbtree_model_param.num_trees", "3", "2"),
        (Document.Part.rounds, #","iteration_indptr":[0,3]"#, "iteration_indptr", "0 to 3", "0 to 2"),
        (Document.Part.rounds, #","iteration_indptr":[0,2,1,2]"#, "iteration_indptr[2]", "1", "at least 2"),
        (Document.Part.rounds, #","iteration_indptr":[]"#, "iteration_indptr", "-1 to -1", "0 to 2"),
    ])
    fileprivate func locatesWhatIsWrongInTheTrees(
        part: Document.Part, value: String, place: String, found: String, expected: String
    ) throws {
        var document = Document()
        document[part] = value
        let error = try #require(xgboostRefusal(of: document.text))
        #expect(error.place.hasPrefix("\(Self.model).\(place)"), "\(error)")
        #expect(error.found.contains(found), "\(error)")
        #expect(error.expected.contains(expected), "\(error)")
    }

    @Test(arguments: [
        (
            Document.Part.learnerParameters, #"{"base_score":"0.5","num_feature":"2000000"}"#, "num_feature",
            ImportError.Kind.limit
        ),
        (Document.Part.learnerParameters, #"{"base_score":"0.5","num_feature":"-1"}"#, "num_feature", .malformed),
        (Document.Part.learnerParameters, #"{"base_score":"0.5","num_feature":3}"#, "num_feature", .malformed),
        (Document.Part.learnerParameters, #"{"base_score":"0.5"}"#, "learner_model_param", .malformed),
        (
            Document.Part.learnerParameters, #"{"base_score":"0.5","num_feature":"3","num_class":"999999999"}"#,
            "num_class", .limit
        ),
        (Document.Part.learnerParameters, #"{"base_score":"x","num_feature":"3"}"#, "base_score", .malformed),
        (Document.Part.learnerParameters, #"{"base_score":"[]","num_feature":"3"}"#, "base_score", .malformed),
        (
            Document.Part.learnerParameters, #"{"base_score":"[1,2]","num_feature":"3","num_class":"3"}"#, "base_score",
            .malformed
        ),
        (Document.Part.learnerParameters, #"{"base_score":"nan","num_feature":"3"}"#, "base_score", .malformed),
        (Document.Part.objective, #"{"name":"reg:unheardof"}"#, "objective.name", .unsupported),
        (Document.Part.objective, "{}", "objective", .malformed),
        (
            Document.Part.objective, #"{"name":"binary:logistic"},"objective":{"name":"binary:logistic"}"#, "objective",
            .malformed
        ),
        (Document.Part.objective, #"{"name":"multi:softprob"}"#, "num_class", .malformed),
        (Document.Part.booster, #""gbforest""#, "gradient_booster.name", .unsupported),
        (Document.Part.booster, #""gblinear""#, "gradient_booster.model", .malformed),
        (Document.Part.booster, #""dart""#, "weight_drop", .malformed),
        (Document.Part.weights, #","weight_drop":[1,1]"#, "weight_drop", .malformed),
        (Document.Part.names, #"["a","b"]"#, "feature_names", .malformed),
        (Document.Part.names, #"["a","b","a"]"#, "feature_names[2]", .malformed),
        (Document.Part.names, #"["a","b",3]"#, "feature_names[2]", .malformed),
        (Document.Part.attributes, #"{"scikit_learn":"{"}"#, "attributes.scikit_learn", .truncated),
        (
            Document.Part.attributes, #"{"scikit_learn":"{}","best_iteration":"2"}"#, "attributes.best_iteration",
            .malformed
        ),
        (
            Document.Part.attributes, #"{"scikit_learn":"{}","best_iteration":"9223372036854775807"}"#,
            "best_iteration", .limit
        ),
        (Document.Part.extra, #","nested":"# + String(repeating: "[", count: 100), "nested", .limit),
    ])
    fileprivate func locatesWhatIsWrongAroundTheTrees(
        part: Document.Part, value: String, place: String, kind: ImportError.Kind
    ) throws {
        var document = Document()
        document[part] = value
        let error = try #require(xgboostRefusal(of: document.text))
        #expect(error.place.contains(place), "\(error)")
        #expect(error.kind == kind, "\(error)")
    }

    @Test(arguments: [
        ("[0]", "[0]", "[2]", "[3,1]", true), ("[0,0]", "[0,1]", "[1,1]", "[3,1]", false),
        ("[1]", "[0]", "[1]", "[3]", false), ("[9]", "[0]", "[1]", "[3]", false), ("[-1]", "[0]", "[1]", "[3]", false),
        ("[0]", "[1]", "[2]", "[3,1]", false), ("[0]", "[-1]", "[1]", "[3,1]", false),
        ("[0]", "[0]", "[-1]", "[3,1]", false), ("[0]", "[2147483647]", "[2147483647]", "[3,1]", false),
        ("[0]", "[0]", "[1]", "[-3]", false), ("[0]", "[0]", "[1]", "[16777216]", false),
        ("[0]", "[0]", "[2]", "[3,3]", false), ("[0]", "[0,0]", "[1]", "[3]", false), ("[]", "[]", "[]", "[]", false),
    ])
    func boundsCategorySets(nodes: String, starts: String, counts: String, categories: String, isSound: Bool) {
        var document = Document()
        document[.types] = "[1,0,0]"
        document[.categories] =
            #","categories":\#(categories),"categories_nodes":\#(nodes)"#
            + #","categories_segments":\#(starts),"categories_sizes":\#(counts)"#
        let error = xgboostRefusal(of: document.text)
        #expect((error == nil) == isSound, "\(String(describing: error))")
        if let error { #expect(error.place.contains("trees[1].categories")) }
    }

    @Test func keysComeInAnyOrder() throws {
        let object = try JSONSerialization.jsonObject(with: Data(Document().text.utf8))
        for options in [JSONSerialization.WritingOptions.sortedKeys, [.sortedKeys, .prettyPrinted], []] {
            let text = try JSONSerialization.data(withJSONObject: object, options: options)
            #expect(xgboostRefusal(of: Array(text)) == nil)
        }
    }

    @Test func takesTheModelOutOfASerializedBooster() throws {
        let text = #"{"Config":{"learner":{}},"Model":\#(Document().text)}"#
        #expect(try importXGBoost(Array(text.utf8)).get().steps.count == 2)
        #expect(xgboostRefusal(of: #"{"Model":{"Model":\#(Document().text)}}"#) != nil)
    }

    @Test func takesOldTruthValuesAsDirections() {
        var document = Document()
        document[.defaults] = "[true,false,false]"
        #expect(xgboostRefusal(of: document.text) == nil)
    }

    @Test func readsTheLabelsThatOldEstimatorsKept() throws {
        var document = Document()
        document[.objective] = #"{"name":"binary:logistic"}"#
        document[.attributes] =
            #"{"scikit_learn":"{\"_estimator_type\":\"classifier\",\"_le\":{\"classes_\":[\"no\",\"yes\"]}}"}"#
        let outputs = try importXGBoost(Array(document.text.utf8)).get().graph.outputs
        guard case .label(.strings(let labels)) = outputs[0].meaning else {
            Issue.record("no string labels")
            return
        }
        #expect(labels == ["no", "yes"])
    }

    @Test func knowsItsFilesByContent() {
        for text in [
            #"{"learner":{"#, " {\n \"version\":[", #"{"Config":"#, #"{"Model":"#, "{L\0\0\0\0\0\0\0\u{7}learner",
            "{i\u{7}learner",
        ] {
            #expect(recognizesXGBoost(Array(text.utf8)), "\(text)")
        }
        for text in [
            "", "{", "{}", "[]", #"{"a":1}"#, #"{"learne"#, "tree\n", "{i\u{7}learne", "{L\0\0\0", "binf",
            #"{"learners":1}"#,
        ] {
            #expect(!recognizesXGBoost(Array(text.utf8)), "\(text)")
        }
        #expect(!recognizesXGBoost([0x80, 0x04, 0x95]))
    }

    @Test func knowsTheOldBinaryFormatByItsObjective() throws {
        let parameters = [0, 0, 0, 0x3F] + [UInt8](repeating: 0, count: 132)
        let name = [15, 0, 0, 0, 0, 0, 0, 0] + Array("binary:logistic".utf8)
        for bytes in [parameters + name, Array("binf".utf8) + parameters + name] {
            #expect(recognizesXGBoost(bytes))
            #expect(try #require(xgboostRefusal(of: bytes)).kind == .truncated)
            #expect(!recognizesXGBoost(Array(bytes.dropLast())))
        }
        #expect(!recognizesXGBoost([UInt8](repeating: 0, count: 1000)))
    }

    // MARK: Damage

    private static let samples = [
        "dart-1.7.6", "categorical-onehot-2.1.4", "multi-output-3.2.0", "classifier-stopped-3.2.0",
    ]

    @Test(arguments: ["classifier-stopped-3.2.0", "rank-ndcg-1.7.6"])
    func refusesAFileCutAtAnyLength(name: String) throws {
        let whole = try XGBoostFixture(name).model
        #expect(xgboostRefusal(of: whole) == nil)
        for length in 0..<whole.count {
            let error = try #require(xgboostRefusal(of: Array(whole[..<length])), "cut at \(length)")
            #expect(error.kind == .truncated || error.kind == .unknownFormat, "cut at \(length): \(error)")
        }
        #expect(xgboostRefusal(of: whole + [0x7D])?.kind == .malformed)
    }

    @Test(arguments: samples)
    func survivesDamage(name: String) throws {
        let whole = try XGBoostFixture(name).model
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        for _ in 0..<150 {
            var bytes = whole
            for _ in 0...(next() % 3) {
                let place = Int(next() % UInt64(bytes.count))
                switch next() % 4 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: next())
                case 1: bytes[place] ^= 1 << UInt8(next() % 8)
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int(next() % 9)))
                default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + Int(next() % 9))], at: place)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            // It must not trap; what it takes has passed the ensemble's own verification.
            if let error = xgboostRefusal(of: bytes) { #expect(!error.place.isEmpty, "seed \(seed)") }
        }
    }
}
