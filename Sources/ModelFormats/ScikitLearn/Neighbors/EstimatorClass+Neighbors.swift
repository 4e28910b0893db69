internal import ModelIR

extension EstimatorClass {
    static let neighbors: [EstimatorClass] = [
        .predictors("KNeighborsClassifier", has: "predict", "predict_proba") {
            (builder, classifier, frame) throws(ImportError) in try builder.classifyByNeighbors(classifier, frame)
        },
        .predictors("KNeighborsRegressor", has: "predict") { (builder, regressor, frame) throws(ImportError) in
            try builder.regressByNeighbors(regressor, frame)
        },
        .predictors("RadiusNeighborsClassifier", has: "predict", "predict_proba") {
            (builder, classifier, frame) throws(ImportError) in try builder.classifyWithinRadius(classifier, frame)
        },
        .predictors("RadiusNeighborsRegressor", has: "predict") { (builder, regressor, frame) throws(ImportError) in
            try builder.regressWithinRadius(regressor, frame)
        },
        .predictors("NearestCentroid", has: "predict", "predict_proba", "decision_function") {
            (builder, classifier, frame) throws(ImportError) in try builder.classifyByCentroids(classifier, frame)
        },
        .predictors("LocalOutlierFactor", has: "predict", "decision_function", "score_samples") {
            (builder, detector, frame) throws(ImportError) in try builder.detectByNeighbors(detector, frame)
        },
    ]
}
