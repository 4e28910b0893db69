internal import ModelIR

extension EstimatorClass {
    static let neuralNetworks: [EstimatorClass] = [
        .predictors("MLPClassifier", has: "predict", "predict_proba") {
            (builder, network, frame) throws(ImportError) in try builder.classifyByNetwork(network, frame)
        },
        .predictors("MLPRegressor", has: "predict") { (builder, network, frame) throws(ImportError) in
            let last = try builder.layers(network, frame)
            return EstimatorMethods(prediction: .numbers(last.value, width: last.width, isVector: last.width > 1))
        },
        EstimatorClass(
            names: ["BernoulliRBM"], methodNames: ["transform"],
            transform: { (builder, machine, frame) throws(ImportError) in
                try builder.transformByMachine(machine, frame)
            }),
    ]
}
