internal import ModelIR

extension EstimatorClass {
    /// XGBoost's booster and its scikit-learn estimators, versions 0.9 to 3.
    static let xgboost: [EstimatorClass] = [
        xgboost("XGBClassifier", "XGBRFClassifier", methods: ["predict", "predict_proba"]),
        xgboost("XGBRegressor", "XGBRFRegressor", "XGBRanker", "XGBModel", "Booster", methods: ["predict"]),
    ]

    private static func xgboost(_ names: String..., methods: [String]) -> EstimatorClass {
        EstimatorClass(
            names: names, methodNames: methods,
            methods: { (builder, estimator, frame) throws(ImportError) in
                try builder.xgboostMethods(estimator, frame)
            },
            package: "xgboost",
            columnNames: { (builder, estimator) throws(ImportError) in
                try builder.xgboostModel(estimator, as: .booster, rounds: nil).columns.map(\.name)
            })
    }
}
