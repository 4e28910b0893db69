internal import ModelIR

extension EstimatorClass {
    static let trees: [EstimatorClass] = [
        .predictors("DecisionTreeClassifier", "ExtraTreeClassifier", has: "predict", "predict_proba") {
            (builder, tree, frame) throws(ImportError) in try builder.classifyByTrees(tree, frame, isForest: false)
        },
        .predictors("DecisionTreeRegressor", "ExtraTreeRegressor", has: "predict") {
            (builder, tree, frame) throws(ImportError) in try builder.regressByTrees(tree, frame, isForest: false)
        },
        .predictors("RandomForestClassifier", "ExtraTreesClassifier", has: "predict", "predict_proba") {
            (builder, forest, frame) throws(ImportError) in
            try builder.classifyByTrees(forest, frame, isForest: true)
        },
        .predictors("RandomForestRegressor", "ExtraTreesRegressor", has: "predict") {
            (builder, forest, frame) throws(ImportError) in try builder.regressByTrees(forest, frame, isForest: true)
        },
        .predictors("IsolationForest", has: "predict", "decision_function", "score_samples") {
            (builder, forest, frame) throws(ImportError) in try builder.isolate(forest, frame)
        },
        .predictors(
            "GradientBoostingClassifier", has: "predict", "predict_proba", "decision_function"
        ) { (builder, booster, frame) throws(ImportError) in try builder.classifyByBoosting(booster, frame) },
        .predictors("GradientBoostingRegressor", has: "predict") { (builder, booster, frame) throws(ImportError) in
            try builder.regressByBoosting(booster, frame)
        },
        EstimatorClass(
            names: ["HistGradientBoostingClassifier"], methodNames: ["predict", "predict_proba", "decision_function"],
            methods: { (builder, booster, frame) throws(ImportError) in
                try builder.classifyByHistograms(booster, frame)
            },
            parts: { (builder, booster) throws(ImportError) in try builder.histogramParts(booster) }),
        EstimatorClass(
            names: ["HistGradientBoostingRegressor"], methodNames: ["predict"],
            methods: { (builder, booster, frame) throws(ImportError) in
                try builder.regressByHistograms(booster, frame)
            },
            parts: { (builder, booster) throws(ImportError) in try builder.histogramParts(booster) }),
    ]
}
