internal import ModelIR

extension EstimatorClass {
    static let naiveBayes: [EstimatorClass] = [
        .predictors("GaussianNB", has: "predict", "predict_proba") {
            (builder, classifier, frame) throws(ImportError) in try builder.classifyByGaussians(classifier, frame)
        },
        .predictors("MultinomialNB", "ComplementNB", "BernoulliNB", has: "predict", "predict_proba") {
            (builder, classifier, frame) throws(ImportError) in try builder.classifyByCounts(classifier, frame)
        },
        .predictors("CategoricalNB", has: "predict", "predict_proba") {
            (builder, classifier, frame) throws(ImportError) in try builder.classifyByCategories(classifier, frame)
        },
    ]
}
