/// What to use instead of a class that is not served.
enum Remedies {
    /// What the user can do about a class that is not served.
    static func remedy(for estimator: EstimatorRecord) -> String {
        switch estimator.package {
        case "xgboost":
            return "save its booster with model.save_model(\"model.ubj\"), and serve that file"
        case "lightgbm":
            return "save its booster with model.booster_.save_model(\"model.txt\"), and serve that file"
        case "catboost":
            return "save it with model.save_model(\"model.cbm\"), and serve that file"
        default: break
        }
        let name = estimator.className
        if let alternative = alternatives.first(where: { name.contains($0.part) })?.instead {
            return alternative
        }
        return "retrain with the nearest class that is served: "
            + (name.hasSuffix("Classifier") || name.hasSuffix("SVC")
                ? "LogisticRegression"
                : name.hasSuffix("Regressor") || name.hasSuffix("SVR") ? "ElasticNet" : "StandardScaler")
    }

    private static let xgboost = "retrain with XGBoost, whose trees are served from a file of save_model(\"model.ubj\")"

    private static let alternatives: [(part: String, instead: String)] = [
        ("TransformedTarget", "serve its inner pipeline, and apply the inverse function to the prediction yourself"),
        ("FunctionTransformer", "compute the column before the request, and fit the pipeline without this step"),
        ("Forest", xgboost), ("GradientBoosting", xgboost), ("DecisionTree", xgboost), ("ExtraTree", xgboost),
        ("Encoder", "retrain with OneHotEncoder"), ("Binarizer", "retrain with OneHotEncoder"),
        ("Imputer", "retrain with SimpleImputer"), ("Lars", "retrain with Lasso"),
        ("Huber", "retrain with SGDRegressor"), ("BayesianRidge", "retrain with Ridge"),
        ("ARDRegression", "retrain with Ridge"),
    ]
}
