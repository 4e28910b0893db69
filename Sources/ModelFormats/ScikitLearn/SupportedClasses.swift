/// The classes of scikit-learn that are served, and what to use instead of others.
enum SupportedClasses {
    static let containers: Set<String> = ["Pipeline", "ColumnTransformer", "FeatureUnion"]

    /// Searches that hand `predict` on to their `best_estimator_`.
    static let searches: Set<String> = [
        "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV",
    ]

    static let transformers: Set<String> = [
        "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "SimpleImputer", "MissingIndicator",
        "OneHotEncoder",
    ]

    /// Regressors whose prediction is X · coef_ᵀ + intercept_.
    static let linearRegressors: Set<String> = [
        "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "SGDRegressor",
    ]

    static let logisticClassifiers: Set<String> = ["LogisticRegression", "LogisticRegressionCV"]

    static func contains(_ className: String) -> Bool {
        containers.contains(className) || searches.contains(className) || transformers.contains(className)
            || linearRegressors.contains(className) || logisticClassifiers.contains(className)
    }

    /// What the user can do about a class that is not served.
    static func remedy(for estimator: EstimatorRecord) -> String {
        switch estimator.package {
        case "xgboost":
            return "save the booster itself with model.get_booster().save_model(\"model.ubj\") and serve that file"
        case "lightgbm", "catboost":
            return "\(estimator.package) models inside a pickle are not served; XGBoost's are, from a file of "
                + "booster.save_model(\"model.ubj\")"
        default: break
        }
        let name = estimator.className
        if let alternative = alternatives.first(where: { name.contains($0.part) })?.instead {
            return "the nearest class that is served is \(alternative)"
        }
        return "the nearest class that is served is "
            + (name.hasSuffix("Classifier") || name.hasSuffix("SVC")
                ? "LogisticRegression"
                : name.hasSuffix("Regressor") || name.hasSuffix("SVR") ? "ElasticNet" : "StandardScaler")
    }

    private static let alternatives: [(part: String, instead: String)] = [
        ("Forest", "XGBoost's, saved with save_model(\"model.ubj\")"),
        ("GradientBoosting", "XGBoost's, saved with save_model(\"model.ubj\")"),
        ("DecisionTree", "XGBoost's, saved with save_model(\"model.ubj\")"),
        ("ExtraTree", "XGBoost's, saved with save_model(\"model.ubj\")"),
        ("Encoder", "OneHotEncoder"), ("Binarizer", "OneHotEncoder"), ("Imputer", "SimpleImputer"),
        ("Lars", "Lasso"), ("Huber", "SGDRegressor"), ("BayesianRidge", "Ridge"), ("ARDRegression", "Ridge"),
        ("FunctionTransformer", "a column computed before the request"),
    ]
}
