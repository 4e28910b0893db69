internal import ModelIR

extension EstimatorClass {
    static let linear: [EstimatorClass] = [
        .predictors(
            "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "SGDRegressor",
            has: "predict"
        ) { (builder, regressor, frame) throws(ImportError) in try builder.regress(regressor, frame) },
        .predictors(
            "LogisticRegression", "LogisticRegressionCV", has: "predict", "predict_proba", "decision_function"
        ) { (builder, classifier, frame) throws(ImportError) in try builder.classify(classifier, frame) },
    ]
}
