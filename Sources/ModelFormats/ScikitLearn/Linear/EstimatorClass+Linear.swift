internal import ModelIR

extension EstimatorClass {
    static let linear: [EstimatorClass] = linearRegressors + linearClassifiers + discriminants

    private static let linearRegressors: [EstimatorClass] = [
        .predictors(
            "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "MultiTaskLasso",
            "MultiTaskLassoCV", "MultiTaskElasticNet", "MultiTaskElasticNetCV", "Lars", "LarsCV", "LassoLars",
            "LassoLarsCV", "LassoLarsIC", "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV", "BayesianRidge",
            "ARDRegression", "HuberRegressor", "TheilSenRegressor", "SGDRegressor", "PassiveAggressiveRegressor",
            "QuantileRegressor", "LinearSVR",
            has: "predict"
        ) { (builder, regressor, frame) throws(ImportError) in try builder.regress(regressor, frame) },
        .predictors("PoissonRegressor", "GammaRegressor", "TweedieRegressor", has: "predict") {
            (builder, regressor, frame) throws(ImportError) in try builder.regressWithLink(regressor, frame)
        },
        EstimatorClass(
            names: ["RANSACRegressor"], methodNames: ["predict"],
            methods: { (builder, regressor, frame) throws(ImportError) in
                try builder.note(regressor, "its estimator_ predicts")
                return try builder.methods(builder.member("estimator_", of: regressor), frame)
            },
            parts: { (builder, regressor) throws(ImportError) in [try builder.member("estimator_", of: regressor)] }),
        EstimatorClass(
            names: ["PLSRegression", "PLSCanonical", "CCA"], methodNames: ["predict", "transform"],
            transform: { (builder, regression, frame) throws(ImportError) in
                let axes = try builder.partialLeastSquaresAxes(regression, frame)
                return Frame(axes.value, width: axes.width, kind: .number)
            },
            methods: { (builder, regression, frame) throws(ImportError) in
                try builder.partialLeastSquares(regression, frame)
            }),
    ]

    private static let linearClassifiers: [EstimatorClass] = [
        .predictors(
            "LogisticRegression", "LogisticRegressionCV", has: "predict", "predict_proba", "decision_function"
        ) { (builder, classifier, frame) throws(ImportError) in
            try builder.classify(classifier, frame) { (builder, count) throws(ImportError) in
                builder.probabilities(ofLogisticRegression: classifier, classCount: count)
            }
        },
        .predictors("SGDClassifier", has: "predict", "predict_proba", "decision_function") {
            (builder, classifier, frame) throws(ImportError) in
            try builder.classify(classifier, frame) { (builder, _) throws(ImportError) in
                builder.probabilities(ofGradientDescent: classifier)
            }
        },
        .predictors(
            "Perceptron", "PassiveAggressiveClassifier", "LinearSVC", "RidgeClassifier", "RidgeClassifierCV",
            has: "predict", "decision_function"
        ) { (builder, classifier, frame) throws(ImportError) in
            try builder.classify(classifier, frame) { (_, _) throws(ImportError) in .none }
        },
        .predictors("SGDOneClassSVM", has: "predict", "decision_function", "score_samples") {
            (builder, detector, frame) throws(ImportError) in try builder.detectLinearly(detector, frame)
        },
    ]
}
