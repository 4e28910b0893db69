internal import ModelIR

extension EstimatorClass {
    /// CatBoost's estimators, version 1.
    static let catboost: [EstimatorClass] = [
        catboost("CatBoostClassifier", methods: ["predict", "predict_proba"]),
        catboost("CatBoostRegressor", "CatBoostRanker", "CatBoost", methods: ["predict"]),
    ]

    private static func catboost(_ names: String..., methods: [String]) -> EstimatorClass {
        EstimatorClass(
            names: names, methodNames: methods,
            methods: { (builder, estimator, frame) throws(ImportError) in
                try builder.catboostMethods(estimator, frame)
            },
            package: "catboost",
            columnNames: { (builder, estimator) throws(ImportError) in
                try builder.catboostModel(estimator, rounds: nil).columns.map(\.name)
            })
    }
}
