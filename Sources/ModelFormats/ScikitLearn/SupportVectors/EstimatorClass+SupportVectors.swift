internal import ModelIR

extension EstimatorClass {
    static let supportVectors: [EstimatorClass] = [
        .predictors("SVC", "NuSVC", has: "predict", "predict_proba", "decision_function") {
            (builder, machine, frame) throws(ImportError) in try builder.classifyByVectors(machine, frame)
        },
        .predictors("SVR", "NuSVR", has: "predict") { (builder, machine, frame) throws(ImportError) in
            try builder.regressByVectors(machine, frame)
        },
        .predictors("OneClassSVM", has: "predict", "decision_function", "score_samples") {
            (builder, machine, frame) throws(ImportError) in try builder.detectByVectors(machine, frame)
        },
        .predictors("KernelRidge", has: "predict") { (builder, regressor, frame) throws(ImportError) in
            try builder.regressByKernel(regressor, frame)
        },
    ]
}
