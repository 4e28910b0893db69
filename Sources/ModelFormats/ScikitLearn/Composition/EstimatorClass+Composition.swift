internal import ModelIR

extension EstimatorClass {
    /// Containers, whose own columns are those of their parts.
    static let containers: Set<String> = ["Pipeline", "ColumnTransformer", "FeatureUnion"]

    /// Searches that hand every method on to their `best_estimator_`.
    static let searches: Set<String> = [
        "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV",
    ]

    private static let allMethods = ["predict", "predict_proba", "decision_function", "score_samples", "transform"]

    static let composition: [EstimatorClass] = [
        EstimatorClass(
            names: ["Pipeline"], methodNames: allMethods,
            transform: { (builder, pipeline, frame) throws(ImportError) in
                try builder.transformPipeline(pipeline, frame)
            },
            methods: { (builder, pipeline, frame) throws(ImportError) in try builder.pipelineMethods(pipeline, frame) },
            parts: { (builder, pipeline) throws(ImportError) in try builder.estimators(of: pipeline) }),
        EstimatorClass(
            names: ["ColumnTransformer"], methodNames: ["transform"],
            transform: { (builder, transformer, frame) throws(ImportError) in
                try builder.transformColumns(transformer, frame)
            },
            parts: { (builder, transformer) throws(ImportError) in try builder.estimators(of: transformer) }),
        EstimatorClass(
            names: ["FeatureUnion"], methodNames: ["transform"],
            transform: { (builder, union, frame) throws(ImportError) in try builder.transformUnion(union, frame) },
            parts: { (builder, union) throws(ImportError) in try builder.estimators(of: union) }),
        EstimatorClass(
            names: searches.sorted(), methodNames: allMethods,
            transform: { (builder, search, frame) throws(ImportError) in
                try builder.transformWithBest(search, frame)
            },
            methods: { (builder, search, frame) throws(ImportError) in try builder.searchMethods(search, frame) },
            parts: { (builder, search) throws(ImportError) in [try builder.member("best_estimator_", of: search)] }),
    ]
}
