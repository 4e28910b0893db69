internal import ModelIR

extension EstimatorClass {
    static let discriminants: [EstimatorClass] = [
        EstimatorClass(
            names: ["LinearDiscriminantAnalysis"],
            methodNames: ["predict", "predict_proba", "decision_function", "transform"],
            transform: { (builder, analysis, frame) throws(ImportError) in
                guard let axes = try builder.discriminantAxes(analysis, frame) else {
                    throw ImportError(
                        .unsupported, at: analysis.path, found: "solver \"lsqr\"",
                        expected: "\"svd\" or \"eigen\": this one does not transform")
                }
                try builder.note(analysis, "\(frame.count) features, \(axes.width) axes")
                return Frame(axes.value, width: axes.width, kind: .number)
            },
            methods: { (builder, analysis, frame) throws(ImportError) in
                var methods = try builder.classify(analysis, frame) { (_, count) throws(ImportError) in
                    count == 2 ? .logistic(uniformAtZero: false) : .softmax
                }
                methods.transformed = try builder.discriminantAxes(analysis, frame)
                return methods
            }),
        .predictors("QuadraticDiscriminantAnalysis", has: "predict", "predict_proba", "decision_function") {
            (builder, analysis, frame) throws(ImportError) in try builder.discriminate(analysis, frame)
        },
    ]
}
