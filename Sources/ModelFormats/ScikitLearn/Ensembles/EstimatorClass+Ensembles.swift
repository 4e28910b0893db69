internal import ModelIR

extension EstimatorClass {
    /// A class whose members are in `estimators_`.
    private static func ensemble(
        _ name: String, has methodNames: String..., methods: @escaping Methods, final: String? = nil
    ) -> EstimatorClass {
        EstimatorClass(
            names: [name], methodNames: methodNames, methods: methods,
            parts: { (builder, estimator) throws(ImportError) in
                var parts = try builder.members("estimators_", of: estimator)
                if let final { parts.append(try builder.member(final, of: estimator)) }
                return parts
            })
    }

    static let ensembles: [EstimatorClass] = [
        ensemble(
            "AdaBoostClassifier", has: "predict", "predict_proba", "decision_function",
            methods: { (builder, booster, frame) throws(ImportError) in
                try builder.classifyByAdaBoost(booster, frame)
            }),
        ensemble(
            "AdaBoostRegressor", has: "predict",
            methods: { (builder, booster, frame) throws(ImportError) in
                try builder.regressByAdaBoost(booster, frame)
            }),
        ensemble(
            "BaggingClassifier", has: "predict", "predict_proba", "decision_function",
            methods: { (builder, bagging, frame) throws(ImportError) in
                try builder.classifyByBagging(bagging, frame)
            }),
        ensemble(
            "BaggingRegressor", has: "predict",
            methods: { (builder, bagging, frame) throws(ImportError) in try builder.regressByBagging(bagging, frame) }),
        ensemble(
            "VotingClassifier", has: "predict", "predict_proba", "transform",
            methods: { (builder, voting, frame) throws(ImportError) in try builder.classifyByVoting(voting, frame) }),
        ensemble(
            "VotingRegressor", has: "predict", "transform",
            methods: { (builder, voting, frame) throws(ImportError) in try builder.regressByVoting(voting, frame) }),
        ensemble(
            "StackingClassifier", has: "predict", "predict_proba", "decision_function", "transform",
            methods: { (builder, stacking, frame) throws(ImportError) in
                try builder.classifyByStacking(stacking, frame)
            }, final: "final_estimator_"),
        ensemble(
            "StackingRegressor", has: "predict", "transform",
            methods: { (builder, stacking, frame) throws(ImportError) in
                try builder.regressByStacking(stacking, frame)
            }, final: "final_estimator_"),
        ensemble(
            "OneVsRestClassifier", has: "predict", "predict_proba", "decision_function",
            methods: { (builder, classifier, frame) throws(ImportError) in
                try builder.classifyOneVsRest(classifier, frame)
            }),
        ensemble(
            "OneVsOneClassifier", has: "predict", "decision_function",
            methods: { (builder, classifier, frame) throws(ImportError) in
                try builder.classifyOneVsOne(classifier, frame)
            }),
        ensemble(
            "MultiOutputRegressor", has: "predict",
            methods: { (builder, regressor, frame) throws(ImportError) in
                try builder.regressTargets(regressor, frame)
            }),
        ensemble(
            "RegressorChain", has: "predict",
            methods: { (builder, chain, frame) throws(ImportError) in try builder.regressInChain(chain, frame) }),
        ensemble(
            "MultiOutputClassifier", has: "predict", "predict_proba",
            methods: { (builder, classifier, frame) throws(ImportError) in
                try builder.classifyTargets(classifier, frame)
            }),
        ensemble(
            "ClassifierChain", has: "predict", "predict_proba", "decision_function",
            methods: { (builder, chain, frame) throws(ImportError) in try builder.classifyInChain(chain, frame) }),
        EstimatorClass(
            names: ["CalibratedClassifierCV"], methodNames: ["predict", "predict_proba"],
            methods: { (builder, classifier, frame) throws(ImportError) in try builder.calibrate(classifier, frame) },
            parts: { (builder, classifier) throws(ImportError) in try builder.calibratedParts(classifier) }),
        EstimatorClass(
            names: ["TransformedTargetRegressor"], methodNames: ["predict"],
            methods: { (builder, regressor, frame) throws(ImportError) in
                try builder.regressTransformed(regressor, frame)
            },
            parts: { (builder, regressor) throws(ImportError) in
                [try builder.member("regressor_", of: regressor)]
            }),
        EstimatorClass(
            names: ["FixedThresholdClassifier", "TunedThresholdClassifierCV"],
            methodNames: ["predict", "predict_proba", "decision_function"],
            methods: { (builder, classifier, frame) throws(ImportError) in
                try builder.classifyByThreshold(classifier, frame)
            },
            parts: { (builder, classifier) throws(ImportError) in [try builder.thresholdedEstimator(classifier)] }),
        EstimatorClass(
            names: ["FrozenEstimator"],
            methodNames: ["predict", "predict_proba", "decision_function", "score_samples", "transform"],
            transform: { (builder, frozen, frame) throws(ImportError) in try builder.transformWrapped(frozen, frame) },
            methods: { (builder, frozen, frame) throws(ImportError) in try builder.wrappedMethods(frozen, frame) },
            parts: { (builder, frozen) throws(ImportError) in [try builder.wrapped(frozen)] }),
        EstimatorClass(
            names: ["SelfTrainingClassifier"], methodNames: ["predict", "predict_proba", "decision_function"],
            methods: { (builder, classifier, frame) throws(ImportError) in
                try builder.wrappedMethods(classifier, frame)
            },
            parts: { (builder, classifier) throws(ImportError) in [try builder.wrapped(classifier)] }),
        .predictors("IsotonicRegression", has: "predict", "transform") {
            (builder, regressor, frame) throws(ImportError) in try builder.regressIsotonically(regressor, frame)
        },
        .predictors("DummyClassifier", has: "predict", "predict_proba") {
            (builder, classifier, frame) throws(ImportError) in try builder.classifyByDummy(classifier, frame)
        },
        .predictors("DummyRegressor", has: "predict") { (builder, regressor, frame) throws(ImportError) in
            try builder.regressByDummy(regressor, frame)
        },
        .predictors("_ConstantPredictor", has: "predict", "predict_proba", "decision_function") {
            (builder, predictor, frame) throws(ImportError) in try builder.predictConstant(predictor)
        },
    ]
}
