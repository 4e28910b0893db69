internal import ModelIR

extension EstimatorClass {
    static let featureSelection: [EstimatorClass] = [
        .transformers(
            "SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe", "GenericUnivariateSelect",
            "VarianceThreshold", "SelectFromModel", "SequentialFeatureSelector"
        ) { (builder, selector, frame) throws(ImportError) in try builder.selectFeatures(selector, frame) },
        EstimatorClass(
            names: ["RFE", "RFECV"],
            methodNames: ["predict", "predict_proba", "decision_function", "transform"],
            transform: { (builder, selector, frame) throws(ImportError) in
                try builder.selectFeatures(selector, frame)
            },
            methods: { (builder, selector, frame) throws(ImportError) in
                try builder.eliminationMethods(selector, frame)
            },
            parts: { (builder, selector) throws(ImportError) in [try builder.member("estimator_", of: selector)] }),
    ]
}
