import InferenceEngine
import ModelFormats
import ModelIR
import SeededRandom
import TensorCore
import Testing

/// CatBoost's files, cut and changed: always a model or an `ImportError`, never a trap.
@Suite struct CatBoostHostileTests {
    /// Imports and compiles with every output, as a server would; nil, or the refusal.
    private static func refusal(of bytes: [UInt8]) -> ImportError? {
        let span = bytes.span
        do throws(ImportError) {
            _ = try ModelCompiler.compile(CatBoostImporter().importModel(span).graph, outputs: .all)
            return nil
        } catch {
            return error
        }
    }

    private static func refusal(of text: String) -> ImportError? { refusal(of: Array(text.utf8)) }

    /// One symmetric tree over a number and a category, and a statistic of it.
    private static func document(
        features: String =
            #"""
        "float_features":[{"feature_index":0,"flat_feature_index":1,"borders":[0.5],\#
        "nan_value_treatment":"AsTrue"}],
        """#
            + #""categorical_features":[{"feature_index":0,"flat_feature_index":0}]"#,
        ctrs: String =
            #"""
        "ctrs":[{"borders":[1.5],"ctr_type":"Counter",\#
        "elements":[{"combination_element":"cat_feature_value","cat_feature_index":0}],"identifier":"x",\#
        "prior_numerator":0,"prior_denomerator":1,"scale":15,"shift":0,"target_border_idx":0}]
        """#,
        tables: String = #"{"x":{"counter_denominator":3,"hash_map":["5",2],"hash_stride":2}}"#,
        trees: String =
            #"""
        "oblivious_trees":[{"splits":[{"split_type":"FloatFeature","float_feature_index":0,"border":0.5},\#
        {"split_type":"OnlineCtr","split_index":1,"border":1.5}],"leaf_values":[1,2,3,4]}]
        """#,
        scale: String = "[1,[0]]", loss: String = "RMSE", classes: String = "[]"
    ) -> String {
        #"{"features_info":{\#(features),\#(ctrs)},"ctr_data":\#(tables),\#(trees),"scale_and_bias":\#(scale),"#
            + #""model_info":{"params":{"loss_function":{"type":"\#(loss)"}},"#
            + #""class_params":{"class_label_type":"Integer","class_names":\#(classes)}}}"#
    }

    @Test func takesTheDocumentThatTheOthersBreak() throws {
        let text = Self.document()
        #expect(Self.refusal(of: text) == nil)
        let bytes = Array(text.utf8)
        let model = try CatBoostImporter().importModel(bytes.span)
        #expect(model.graph.columns.map(\.kind) == [.string, .float64])
        #expect(model.steps.map(\.className) == ["CatBoost", "RMSE"])
    }

    private static let leaf = #""oblivious_trees":[{"leaf_values":[1]}]"#
    private static let float = #"{"split_type":"FloatFeature","float_feature_index":0,"border":0.5}"#

    @Test(arguments: [
        (document(trees: #""oblivious_trees":[{"splits":[],"leaf_values":[]}]"#), "trees", ImportError.Kind.malformed),
        (
            document(trees: #""oblivious_trees":[{"splits":[\#(float)],"leaf_values":[1,2,3]}]"#), "oblivious_trees[0]",
            .malformed
        ),
        (
            document(
                trees:
                    #"""
                    "oblivious_trees":[{"splits":[{"split_type":"FloatFeature","float_feature_index":7,\#
                    "border":0.5}],"leaf_values":[1,2]}]
                    """#
            ), "oblivious_trees[0].splits[0]", .malformed
        ),
        (
            document(
                trees:
                    #"""
                    "oblivious_trees":[{"splits":[{"split_type":"FloatFeature","float_feature_index":0,\#
                    "border":NaN}],"leaf_values":[1,2]}]
                    """#
            ), "oblivious_trees[0].splits[0]", .malformed
        ),
        (
            document(
                trees:
                    #"""
                    "oblivious_trees":[{"splits":[{"split_type":"OneHotFeature","cat_feature_index":4,\#
                    "value":0}],"leaf_values":[1,2]}]
                    """#
            ), "oblivious_trees[0].splits[0]", .malformed
        ),
        (
            document(
                trees:
                    #"""
                    "oblivious_trees":[{"splits":[{"split_type":"OnlineCtr","split_index":9,"border":1.5}],\#
                    "leaf_values":[1,2]}]
                    """#
            ), "split_index", .malformed
        ),
        (
            document(
                trees:
                    #"""
                    "oblivious_trees":[{"splits":[{"split_type":"OnlineCtr",\#
                    "split_index":-9223372036854775808,"border":1.5}],"leaf_values":[1,2]}]
                    """#
            ), "split_index", .malformed
        ),
        (
            document(
                trees:
                    #"""
                    "oblivious_trees":[{"splits":[{"split_type":"OnlineCtr","split_index":1,"border":2.5}],\#
                    "leaf_values":[1,2]}]
                    """#
            ), "split_index", .malformed
        ),
        (
            document(trees: #""oblivious_trees":[{"splits":[{"split_type":"Embedding"}],"leaf_values":[1,2]}]"#),
            "features_info", .unsupported
        ),
        (document(trees: #""trees":[{"split":\#(float),"left":{"value":1}}]"#), "trees[0]", .malformed),
        (
            document(trees: #""trees":[{"split":\#(float),"left":{"value":1},"right":{"value":[1,2]}}]"#), "trees[0]",
            .malformed
        ),
        (document(trees: #""x":1"#), "document", .malformed),
        (
            document(
                ctrs:
                    #"""
                    "ctrs":[{"elements":[{"combination_element":"cat_feature_value","cat_feature_index":3}],\#
                    "identifier":"x","ctr_type":"Counter"}]
                    """#,
                trees: #""oblivious_trees":[{"leaf_values":[1]}]"#), "ctrs[0]", .malformed
        ),
        (
            document(
                ctrs: #""ctrs":[{"elements":[],"identifier":"y","ctr_type":"Counter"}]"#,
                trees: #""oblivious_trees":[{"leaf_values":[1]}]"#), "ctrs[0]", .malformed
        ),
        (
            document(
                ctrs: #""ctrs":[{"elements":[],"identifier":"x","ctr_type":"Other"}]"#,
                trees: #""oblivious_trees":[{"leaf_values":[1]}]"#), "ctrs[0]", .unsupported
        ),
        (document(tables: "{}"), "ctrs[0]", .malformed),
        (document(tables: #"{"x":{"hash_map":["5"],"hash_stride":2}}"#), "ctrs[0]", .malformed),
        (document(features: #""text_features":[{}]"#), "features_info", .unsupported),
        (document(features: #""embedding_features":[{}]"#), "features_info", .unsupported),
        (
            document(features: #""float_features":[{"feature_index":0,"flat_feature_index":900000}]"#, trees: leaf),
            "flat_feature_index", .malformed
        ),
        (
            document(
                features:
                    #"""
                    "float_features":[{"feature_index":0,"flat_feature_index":1},{"feature_index":1,\#
                    "flat_feature_index":1}]
                    """#,
                trees: leaf
            ), "flat_feature_index", .malformed
        ),
        (document(scale: "[1,[0,1,2]]"), "scale_and_bias", .malformed),
        (document(loss: "MultiLogloss"), "loss_function", .unsupported),
        (document(loss: "MultiClass"), "loss_function", .malformed),
        (document(loss: "RMSEWithUncertainty"), "loss_function", .unsupported),
        (document(loss: "Unheard"), "loss_function", .unsupported),
        (document(loss: "Accuracy"), "loss_function", .unsupported),
        (document(classes: "[3,7]"), "class_params", .unsupported),
        (document(loss: "Poisson", classes: "[3,7]"), "class_params", .unsupported),
        (
            document(
                features:
                    #"""
                    "float_features":[{"feature_index":0,"flat_feature_index":1},{"feature_index":0,\#
                    "flat_feature_index":2}]
                    """#,
                trees: leaf
            ), "features_info", .malformed
        ),
        (
            document(
                features:
                    #"""
                    "categorical_features":[{"feature_index":3,"flat_feature_index":1},{"feature_index":3,\#
                    "flat_feature_index":2}]
                    """#,
                trees: leaf
            ), "features_info", .malformed
        ),
    ])
    func locatesWhatIsWrong(text: String, place: String, kind: ImportError.Kind) throws {
        let error = try #require(Self.refusal(of: text))
        #expect(error.place.hasPrefix(place), "\(error)")
        #expect(error.kind == kind, "\(error)")
    }

    @Test(arguments: ["Logloss", "CrossEntropy", "Focal"])
    func answersTheLabelsOfTwoClasses(loss: String) throws {
        let bytes = Array(Self.document(loss: loss, classes: "[3,7]").utf8)
        let model = try CatBoostImporter().importModel(bytes.span)
        #expect(model.steps.map(\.className) == ["CatBoost", loss])
        #expect(model.graph.outputs.contains { $0.name == "probabilities" })
    }

    /// The library answers labels for a loss of one's own too, but the file does not tell them.
    @Test func refusesAClassifierOfNoClasses() throws {
        var bytes = try BoostingParityTests.named("catboost-1.2.8/classifier_pickle").modelBytes
        bytes = bytes.replacing("Logloss".utf8, with: "Poisson".utf8)
        bytes = bytes.replacing("class_params".utf8, with: "class_things".utf8)
        var refusal: ImportError?
        do throws(ImportError) {
            _ = try SupportedFormats.importers.importModel(bytes.span)
        } catch {
            refusal = error
        }
        let error = try #require(refusal)
        #expect(error.kind == .unsupported && error.place.hasSuffix("__model loss_function"), "\(error)")
    }

    @Test func boundsTheDepthOfTrees() throws {
        let deep = String(repeating: #"{"split":\#(Self.float),"right":{"value":1},"left":"#, count: 300)
        let text = Self.document(trees: #""trees":[\#(deep){"value":1}"# + String(repeating: "}", count: 300) + "]")
        #expect(try #require(Self.refusal(of: text)).kind == .limit)
    }

    @Test func knowsItsFilesByContent() {
        func recognizes(_ text: String) -> Bool { CatBoostImporter().recognizes(Array(text.utf8).span) }
        for text in ["CBM1", "{\"ctr_data\":", " {\n\"oblivious_trees\" :", "{\"features_info\":{"] {
            #expect(recognizes(text))
        }
        for text in ["", "CBM", "{", "{}", "{\"learner\":{", "{\"tree\":1}"] { #expect(!recognizes(text)) }
    }

    // MARK: Damage

    private static let samples = [
        "rmse_cbm", "rmse_json", "statistics_cbm", "statistics_json", "one_hot_cbm", "lossguide_cbm", "lossguide_json",
    ]

    /// Bytes after the parts that are read are none of the model's; the core itself is whole or refused.
    @Test(arguments: ["statistics_cbm", "rmse_json", "lossguide_cbm"])
    func refusesAFileCutBeforeItsEnd(name: String) throws {
        let whole = try BoostingParityTests.named("catboost-1.2.8/" + name).modelBytes
        #expect(Self.refusal(of: whole) == nil)
        for length in 0..<whole.count - 8 {
            #expect(Self.refusal(of: Array(whole[..<length])) != nil, "cut at \(length) of \(whole.count)")
        }
    }

    @Test(arguments: samples)
    func survivesDamage(name: String) throws {
        let whole = try BoostingParityTests.named("catboost-1.2.8/" + name).modelBytes
        let seed = UInt64.random(in: 0..<1 << 32)
        print("mutating \(name) from seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 { _ = Self.refusal(of: mutated(whole, using: &generator)) }
    }
}
