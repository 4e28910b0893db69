import InferenceEngine
import ModelFormats
import ModelIR
import Testing

/// Transformers that are broken, or do what is not served: the refusal names the attribute.
@Suite struct TransformerRefusalTests {
    private static func model(_ name: String, _ attributes: [(String, PythonValue)]) -> PythonValue {
        .estimator(name, [("n_features_in_", .integer(2))] + attributes)
    }

    private static let pair = PythonValue.list([.objects([.text("a"), .text("b")]), .vector([1, 2])])
    private static let two = PythonValue.vector([1, 2])

    private static func place(_ value: PythonValue) -> String? { ScikitLearnRefusalTests.refusal(value)?.place }

    @Test(
        arguments: [
            ([("categories_", .list([two]))], "model.categories_"),
            ([("categories_", .integer(1))], "model.categories_"),
            ([("categories_", pair), ("handle_unknown", .text("other"))], "model.handle_unknown"),
            ([("categories_", pair), ("handle_unknown", .text("use_encoded_value"))], "model.unknown_value"),
            ([("categories_", pair), ("encoded_missing_value", .text("x"))], "model.encoded_missing_value"),
            ([("categories_", pair), ("dtype", .global("numpy", "complex128"))], "model.dtype"),
            (
                [
                    ("categories_", pair), ("dtype", .global("numpy", "int32")),
                    ("handle_unknown", .text("use_encoded_value")), ("unknown_value", .float(1e12)),
                ], "model.unknown_value"
            ),
            (
                [
                    ("categories_", pair), ("_infrequent_enabled", .boolean(true)),
                    ("_default_to_infrequent_mappings", .list([.none, .vector([0])])),
                ], "model[1]._default_to_infrequent_mappings"
            ),
            (
                [
                    ("categories_", pair), ("_infrequent_enabled", .boolean(true)),
                    ("_default_to_infrequent_mappings", .list([.objects([.integer(0), .integer(7)]), .none])),
                ], "model[0]._default_to_infrequent_mappings[1]"
            ),
        ] as [([(String, PythonValue)], String)])
    func refusesBrokenOrdinals(attributes: [(String, PythonValue)], place: String) {
        #expect(Self.place(Self.model("preprocessing._encoders.OrdinalEncoder", attributes)) == place)
    }

    @Test(
        arguments: [
            ("preprocessing._target_encoder.TargetEncoder", [("categories_", pair)], "model.target_mean_"),
            (
                "preprocessing._target_encoder.TargetEncoder",
                [
                    ("categories_", pair), ("target_mean_", .float(1)), ("target_type_", .text("continuous")),
                    ("encodings_", .list([two, .vector([1])])),
                ], "model.encodings_[1]"
            ),
            ("preprocessing._data.Normalizer", [("norm", .text("l3"))], "model.norm"),
            ("preprocessing._data.Binarizer", [("threshold", .text("x"))], "model.threshold"),
            (
                "preprocessing._discretization.KBinsDiscretizer", [("bin_edges_", .objects([two, .vector([3, 1])]))],
                "model.bin_edges_[1]"
            ),
            (
                "preprocessing._discretization.KBinsDiscretizer",
                [("bin_edges_", .objects([two, two])), ("encode", .text("x"))], "model.encode"
            ),
            (
                "preprocessing._discretization.KBinsDiscretizer",
                [("bin_edges_", .objects([two, two])), ("dtype", .global("numpy", "float32"))], "model.dtype"
            ),
            ("preprocessing._polynomial.PolynomialFeatures", [("_max_degree", .integer(2))], "model._min_degree"),
            (
                "preprocessing._polynomial.PolynomialFeatures",
                [("_min_degree", .integer(3)), ("_max_degree", .integer(2))], "model.degree"
            ),
            (
                "preprocessing._polynomial.PolynomialFeatures",
                [("_min_degree", .integer(0)), ("_max_degree", .integer(2)), ("n_output_features_", .integer(7))],
                "model.n_output_features_"
            ),
            // Products grow beyond every bound.
            (
                "preprocessing._polynomial.PolynomialFeatures",
                [("n_features_in_", .integer(3000)), ("_min_degree", .integer(0)), ("_max_degree", .integer(9))],
                "model"
            ),
            ("preprocessing._polynomial.SplineTransformer", [("degree", .integer(99))], "model.degree"),
            (
                "preprocessing._polynomial.SplineTransformer",
                [("degree", .integer(1)), ("extrapolation", .text("x"))], "model.extrapolation"
            ),
            (
                "preprocessing._polynomial.SplineTransformer",
                [("degree", .integer(1)), ("bsplines_", .list([.none]))], "model.bsplines_"
            ),
            (
                "preprocessing._polynomial.SplineTransformer",
                [
                    ("degree", .integer(1)),
                    (
                        "bsplines_",
                        .list(
                            [PythonValue](
                                repeating: .object(
                                    "scipy.interpolate._bsplines.BSpline",
                                    [("t", .vector([0, 1, 0, 2])), ("k", .integer(1))]), count: 2))
                    ),
                ], "model.bsplines_[0].t"
            ),
            ("preprocessing._data.PowerTransformer", [("lambdas_", .vector([1]))], "model.lambdas_"),
            (
                "preprocessing._data.PowerTransformer", [("lambdas_", two), ("method", .text("x"))], "model.method"
            ),
            ("preprocessing._data.PowerTransformer", [("lambdas_", two)], "model._scaler"),
            ("preprocessing._data.QuantileTransformer", [("quantiles_", two)], "model.quantiles_"),
            (
                "preprocessing._data.QuantileTransformer",
                [("quantiles_", .array([1, 2, 3, 4], shape: [2, 2])), ("references_", .vector([1]))],
                "model.references_"
            ),
            ("impute._knn.KNNImputer", [("_fit_X", two)], "model._fit_X"),
            (
                "impute._knn.KNNImputer",
                [("_fit_X", .array([1, 2], shape: [1, 2])), ("metric", .global("m", "f"))], "model.metric"
            ),
            (
                "impute._knn.KNNImputer",
                [
                    ("_fit_X", .array([1, 2], shape: [1, 2])), ("metric", .text("nan_euclidean")),
                    ("weights", .global("m", "f")),
                ], "model.weights"
            ),
            ("impute._iterative.IterativeImputer", [("sample_posterior", .boolean(true))], "model.sample_posterior"),
            (
                "preprocessing._function_transformer.FunctionTransformer", [("func", .global("__main__", "f"))],
                "model.func"
            ),
            (
                "preprocessing._function_transformer.FunctionTransformer", [("func", .global("numpy", "load"))],
                "model.func"
            ),
            (
                "preprocessing._function_transformer.FunctionTransformer",
                [("func", .global("numpy", "log")), ("kw_args", .dictionary([("out", .none)]))], "model.kw_args"
            ),
        ] as [(String, [(String, PythonValue)], String)])
    func refusesBrokenTransformers(name: String, attributes: [(String, PythonValue)], place: String) {
        // An attribute that is given twice counts as it was given last.
        #expect(Self.place(Self.model(name, attributes)) == place)
    }

    @Test(
        arguments: [
            ("SelectKBest", [("k", .text("most")), ("scores_", two)], "model.k"),
            ("SelectKBest", [("k", .integer(1)), ("scores_", .vector([1]))], "model"),
            ("SelectKBest", [("k", .integer(0)), ("scores_", two)], "model"),
            ("SelectPercentile", [("percentile", .float(.nan)), ("scores_", two)], "model.percentile"),
            ("SelectFpr", [("alpha", .text("x"))], "model.alpha"), ("SelectFdr", [], "model.pvalues_"),
            ("GenericUnivariateSelect", [("mode", .text("x"))], "model.mode"),
            ("VarianceThreshold", [("variances_", .vector([1]))], "model.variances_"),
            ("RFE", [("support_", .vector([1, 0]))], "model/estimator_"),
            ("SequentialFeatureSelector", [("support_", two)], "model.support_"),
            (
                "SelectFromModel",
                [("estimator_", .estimator("linear_model.X", [])), ("importance_getter", .global("m", "f"))],
                "model.importance_getter"
            ),
            ("SelectFromModel", [("estimator_", .estimator("linear_model.X", []))], "model/estimator_.coef_"),
            (
                "SelectFromModel",
                [("estimator_", .estimator("linear_model.X", [("coef_", two)])), ("threshold", .text("x*mean"))],
                "model.threshold"
            ),
        ] as [(String, [(String, PythonValue)], String)])
    func refusesBrokenSelectors(name: String, attributes: [(String, PythonValue)], place: String) {
        #expect(Self.place(Self.model("feature_selection._x.\(name)", attributes)) == place)
    }

    private static func vectorizer(_ attributes: [(String, PythonValue)]) -> PythonValue {
        .estimator(
            "feature_extraction.text.CountVectorizer",
            [
                ("analyzer", .text("word")), ("token_pattern", .text("\\w+")),
                ("ngram_range", .tuple([.integer(1), .integer(1)])), ("vocabulary_", .dictionary([("a", .integer(0))])),
            ] + attributes)
    }

    @Test(
        arguments: [
            ([("tokenizer", .global("nltk", "word_tokenize"))], "model.tokenizer"),
            ([("preprocessor", .global("__main__", "clean"))], "model.preprocessor"),
            ([("analyzer", .global("__main__", "analyze"))], "model.analyzer"),
            ([("strip_accents", .global("__main__", "strip"))], "model.strip_accents"),
            ([("input", .text("filename"))], "model.input"),
            ([("token_pattern", .text("\\d+"))], "model.token_pattern"),
            ([("stop_words", .text("german"))], "model.stop_words"),
            ([("stop_words", .integer(1))], "model.stop_words"),
            ([("ngram_range", .tuple([.integer(2), .integer(1)]))], "model.ngram_range"),
            ([("ngram_range", .tuple([.integer(1), .integer(9999)]))], "model.ngram_range"),
            ([("vocabulary_", .dictionary([]))], "model.vocabulary_"),
            ([("vocabulary_", .dictionary([("a", .integer(1))]))], "model.vocabulary_"),
            ([("vocabulary_", .dictionary([("a", .integer(0)), ("b", .integer(0))]))], "model.vocabulary_"),
            ([("vocabulary_", .dictionary([("a", .text("0"))]))], "model.vocabulary_"),
            ([("vocabulary_", .none)], "model.vocabulary_"),
        ] as [([(String, PythonValue)], String)])
    func refusesTextsThatAreReadByCode(attributes: [(String, PythonValue)], place: String) throws {
        #expect(Self.place(Self.vectorizer([])) == nil)
        let error = try #require(ScikitLearnRefusalTests.refusal(Self.vectorizer(attributes)))
        #expect(error.place == place, "\(error)")
    }

    @Test func refusesAHashOfTooManyColumns() {
        let hashing = PythonValue.estimator(
            "feature_extraction.text.HashingVectorizer",
            [
                ("analyzer", .text("char")), ("ngram_range", .tuple([.integer(1), .integer(1)])),
                ("n_features", .integer(1 << 30)),
            ])
        #expect(Self.place(hashing) == "model.n_features")
    }
}
