internal import ModelIR

extension EstimatorClass {
    /// LightGBM's booster and its scikit-learn estimators, versions 2 to 4.
    static let lightgbm: [EstimatorClass] = [
        lightgbm("LGBMClassifier", "predict_proba"), lightgbm("LGBMRegressor"), lightgbm("LGBMRanker"),
        lightgbm("Booster"),
    ]

    private static func lightgbm(_ name: String, _ moreMethods: String...) -> EstimatorClass {
        EstimatorClass(
            names: [name], methodNames: ["predict"] + moreMethods,
            methods: { (builder, estimator, frame) throws(ImportError) in
                try builder.lightgbmMethods(estimator, frame)
            },
            package: "lightgbm",
            columnNames: { (builder, estimator) throws(ImportError) in
                try builder.lightgbmModel(estimator, rounds: nil).columns.map(\.name)
            })
    }
}
