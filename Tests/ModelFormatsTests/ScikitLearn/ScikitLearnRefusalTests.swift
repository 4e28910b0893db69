import InferenceEngine
import ModelIR
import Testing

@testable import ModelFormats

/// Models that are not served, or are broken: the refusal names the step, what was found and what to do.
@Suite struct ScikitLearnRefusalTests {
    static func refusal(_ value: PythonValue) -> ImportError? {
        let bytes = value.pickled
        return importError { _ = try ScikitLearnImporter().importModel(bytes.span) }
    }

    static func scaler(_ count: Int) -> PythonValue {
        .estimator(
            "preprocessing._data.StandardScaler",
            [
                ("with_mean", .boolean(true)), ("with_std", .boolean(true)), ("n_features_in_", .integer(count)),
                ("mean_", .vector([Double](repeating: 0, count: count))),
                ("scale_", .vector([Double](repeating: 1, count: count))),
            ])
    }

    static func ridge(_ coefficients: PythonValue, intercept: PythonValue = .float(1)) -> PythonValue {
        .estimator("linear_model._ridge.Ridge", [("coef_", coefficients), ("intercept_", intercept)])
    }

    @Test func namesTheAttributeWhoseShapeIsWrong() throws {
        let model = PythonValue.pipeline([
            ("scale", Self.scaler(13)), ("model", Self.ridge(.vector([Double](repeating: 1, count: 12)))),
        ])
        let error = try #require(Self.refusal(model))
        #expect(error.description == "pipeline/model.coef_: found shape [12], expected [13]")
    }

    @Test(arguments: [
        (PythonValue.array([1, 2, 3, 4], shape: [2, 2]), PythonValue.vector([1, 2, 3]), "model.intercept_"),
        (.array([1, 2, 3, 4], shape: [1, 2, 2]), .float(0), "model.coef_"), (.text("x"), .float(0), "model.coef_"),
        (.none, .float(0), "model.coef_"), (.vector([1, 2]), .none, "model.intercept_"),
        (.objects([.text("a"), .float(1)]), .float(0), "model.coef_"),
        (.array([], shape: [0, 2]), .float(0), "model.coef_"),
    ])
    func refusesBrokenCoefficients(coefficients: PythonValue, intercept: PythonValue, place: String) throws {
        let model = PythonValue.estimator(
            "linear_model._ridge.Ridge",
            [("n_features_in_", .integer(2)), ("coef_", coefficients), ("intercept_", intercept)])
        #expect(try #require(Self.refusal(model)).place == place)
    }

    @Test func namesAllUnsupportedStepsAtOnce() throws {
        let model = PythonValue.pipeline([
            ("reduce", .estimator("decomposition._nmf.NMF", [])),
            ("model", .estimator("gaussian_process._gpr.GaussianProcessRegressor", [])),
        ])
        let error = try #require(Self.refusal(model))
        #expect(error.kind == .unsupported)
        #expect(error.place == "pipeline/reduce")
        #expect(error.found.contains("sklearn.decomposition._nmf.NMF"))
        #expect(error.found.contains("sklearn.gaussian_process._gpr.GaussianProcessRegressor at pipeline/model"))
        #expect(error.remedy?.contains("TruncatedSVD") == true)
    }

    @Test(arguments: [
        (PythonValue.object("xgboost.dask.DaskXGBClassifier", []), "model.save_model(\"model.ubj\")"),
        (.object("lightgbm.dask.DaskLGBMClassifier", []), "model.booster_.save_model"),
        (.estimator("gaussian_process._gpc.GaussianProcessClassifier", []), "SVC"),
        (.estimator("cluster._dbscan.DBSCAN", []), "KMeans"),
        (.estimator("multiclass.OutputCodeClassifier", []), "OneVsRestClassifier"),
        (.estimator("preprocessing._data.KernelCenterer", []), "StandardScaler"),
        (.dictionary([("model", .none)]), "save the fitted estimator"), (.list([]), "save the fitted estimator"),
        (.text("hello"), "save the fitted estimator"),
        (.global("sklearn.linear_model", "Ridge"), "save the fitted estimator"),
        (.estimator("linear_model._ridge.Ridge", [("n_features_in_", .integer(1))]), "call fit"),
        (.pipeline([("a", ridge(.vector([1]))), ("b", ridge(.vector([1])))]), "last step"),
    ])
    func saysWhatToDo(model: PythonValue, remedy: String) throws {
        let error = try #require(Self.refusal(model))
        #expect(error.kind == .unsupported || remedy == "call fit")
        #expect(error.remedy?.contains(remedy) == true, "\(error)")
    }

    @Test func refusesAFunctionInAFunctionTransformer() throws {
        let function = PythonValue.estimator(
            "preprocessing._function_transformer.FunctionTransformer", [("func", .global("__main__", "log1p"))])
        let error = try #require(Self.refusal(.pipeline([("log", function), ("model", Self.ridge(.vector([1])))])))
        #expect(error.place == "pipeline/log.func")
    }

    @Test func refusesAColumnThatIsBothTextAndNumbers() throws {
        let encoder = PythonValue.estimator(
            "preprocessing._encoders.OneHotEncoder",
            [("categories_", .list([.objects([.text("a"), .text("b")])])), ("handle_unknown", .text("ignore"))])
        let columns = PythonValue.estimator(
            "compose._column_transformer.ColumnTransformer",
            [
                ("n_features_in_", .integer(1)), ("feature_names_in_", .objects([.text("city")])),
                (
                    "transformers_",
                    .list([
                        .tuple([.text("text"), encoder, .list([.text("city")])]),
                        .tuple([.text("number"), Self.scaler(1), .list([.integer(0)])]),
                    ])
                ),
            ])
        let error = try #require(
            Self.refusal(.pipeline([("columns", columns), ("model", Self.ridge(.vector([1, 2, 3])))])))
        #expect(error.place == "pipeline/columns/number")
        #expect(error.found == "column \"city\" read as numbers, and as text by pipeline/columns/text")
    }

    @Test(arguments: [
        PythonValue.list([.text("nobody")]), .list([.integer(2)]), .list([.integer(-3)]), .integer(7),
        .list([.float(0.5)]),
        .list([.boolean(true)]), .list([.boolean(true), .integer(1)]), .none, .text("nobody"),
        .dictionary([("a", .none)]),
    ])
    func refusesColumnsThatAreNotThere(columns: PythonValue) throws {
        let transformer = PythonValue.estimator(
            "compose._column_transformer.ColumnTransformer",
            [
                ("n_features_in_", .integer(2)),
                ("transformers_", .list([.tuple([.text("part"), Self.scaler(1), columns])])),
            ])
        let error = try #require(
            Self.refusal(.pipeline([("columns", transformer), ("model", Self.ridge(.vector([1])))])))
        #expect(error.place == "pipeline/columns/part.columns", "\(error)")
    }

    @Test(arguments: [
        ("categories_", PythonValue.list([]), "categories_"), ("categories_", .integer(1), "categories_"),
        ("categories_", .list([.objects([.text("a"), .integer(1)])]), "categories_[0]"),
        ("categories_", .list([.objects([.none, .float(.nan)])]), "categories_[0]"),
        ("categories_", .list([.objects([.integer(1 << 60 + 1)])]), "categories_[0]"),
        ("drop_idx_", .objects([.integer(2)]), "[0].drop_idx_"),
        ("drop_idx_", .objects([.integer(-1)]), "[0].drop_idx_"),
        ("drop_idx_", .objects([]), "drop_idx_"), ("handle_unknown", .text("often"), "handle_unknown"),
        (
            "_default_to_infrequent_mappings", .list([.objects([.integer(0), .integer(5)])]),
            "_default_to_infrequent_mappings[1]"
        ),
        ("_default_to_infrequent_mappings", .list([.objects([.integer(0)])]), "_default_to_infrequent_mappings"),
        ("_default_to_infrequent_mappings", .none, "_default_to_infrequent_mappings"),
        ("_legacy_mode", .boolean(true), ""),
    ])
    func refusesBrokenEncoders(attribute: String, value: PythonValue, place: String) throws {
        var attributes: [(String, PythonValue)] = [
            ("n_features_in_", .integer(1)), ("categories_", .list([.objects([.text("a"), .text("b")])])),
            ("handle_unknown", .text("error")), ("_infrequent_enabled", .boolean(true)),
            ("_default_to_infrequent_mappings", .list([.none])),
        ]
        attributes.append((attribute, value))
        let encoder = PythonValue.estimator("preprocessing._encoders.OneHotEncoder", attributes)
        let error = try #require(
            Self.refusal(.pipeline([("encode", encoder), ("model", Self.ridge(.vector([1, 2])))])))
        #expect(error.place.hasPrefix("pipeline/encode") && error.place.hasSuffix(place), "\(error)")
    }

    @Test(arguments: [
        [PythonValue.integer(0)], [.integer(0), .text("a")], [.none, .none], [.integer(1), .integer(2), .integer(3)],
        [.list([]), .list([])],
    ])
    func refusesBrokenClasses(classes: [PythonValue]) throws {
        let model = PythonValue.estimator(
            "linear_model._logistic.LogisticRegression",
            [
                ("n_features_in_", .integer(1)), ("coef_", .array([1], shape: [1, 1])), ("intercept_", .vector([0])),
                ("classes_", .objects(classes)),
            ])
        #expect(Self.refusal(model) != nil)
    }

    // MARK: Bombs

    @Test(.timeLimit(.minutes(5))) func boundsAPipelineThatNamesItselfTwice() throws {
        // Each level runs the one before it twice: 2^14 scalers of one column.
        var inner = PythonValue.memoized(0, Self.scaler(1))
        for level in 1..<15 {
            inner = .memoized(level, .pipeline([("one", inner), ("two", .memo(level - 1))]))
        }
        let error = try #require(Self.refusal(.pipeline([("deep", inner), ("model", Self.ridge(.vector([1])))])))
        #expect(error.kind == .limit)
    }

    @Test func boundsAPipelineInItself() throws {
        let model = PythonValue.memoized(
            0,
            .object("sklearn.pipeline.Pipeline", [("steps", .list([.tuple([.text("me"), .memo(0)])]))]))
        let error = try #require(Self.refusal(model))
        #expect(error.kind == .limit)
    }

    @Test func boundsTheNumberOfFeatures() throws {
        for count in [Int.max, 1 << 40, GraphBuilder.columnsMax + 1] {
            let transformer = PythonValue.estimator(
                "compose._column_transformer.ColumnTransformer",
                [("n_features_in_", .integer(count)), ("transformers_", .list([]))])
            let error = try #require(
                Self.refusal(.pipeline([("columns", transformer), ("model", Self.ridge(.vector([])))])))
            #expect(error.kind == .limit)
        }
    }

    @Test(.timeLimit(.minutes(5))) func boundsColumnsThatAreNamedAgainAndAgain() throws {
        let positions = PythonValue.memoized(0, .list([PythonValue](repeating: .integer(0), count: 10_000)))
        var branches: [PythonValue] = [.tuple([.text("first"), .text("passthrough"), positions])]
        for index in 0..<9000 { branches.append(.tuple([.text("\(index)"), .text("passthrough"), .memo(0)])) }
        let transformer = PythonValue.estimator(
            "compose._column_transformer.ColumnTransformer",
            [("n_features_in_", .integer(1)), ("transformers_", .list(branches))])
        let error = try #require(
            Self.refusal(.pipeline([("columns", transformer), ("model", Self.ridge(.vector([1])))])))
        #expect(error.kind == .limit)
    }

    // MARK: Containers

    @Test(arguments: [
        (Array("BZh91AY".utf8), "bzip2"), ([0xfd] + Array("7zXZ".utf8) + [0], "xz"), ([0x5d, 0, 0, 1], "lzma"),
        ([0x04, 0x22, 0x4d, 0x18], "lz4"), (Array("ZF0x1a".utf8), "joblib's header"),
    ])
    func namesTheCompressionThatIsCut(bytes: [UInt8], name: String) throws {
        let isRecognized = ScikitLearnImporter().recognizes(bytes.span)
        #expect(isRecognized)
        let error = try #require(importError { _ = try ScikitLearnImporter().importModel(bytes.span) })
        #expect(error.kind == .truncated)
        #expect(error.description.contains(name))
    }

    @Test(arguments: [
        [], [0x80], Array("{\"a\":1}".utf8), Array("tree\n".utf8), Array("CBM1".utf8), [0x08, 0x07], Array("binf".utf8),
        [0x50, 0x4b, 3, 4], [0x80, 6],
    ])
    func doesNotClaimOtherFormats(bytes: [UInt8]) {
        let isRecognized = ScikitLearnImporter().recognizes(bytes.span)
        #expect(!isRecognized)
    }
}
