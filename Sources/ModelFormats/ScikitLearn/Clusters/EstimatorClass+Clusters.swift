internal import ModelIR

extension EstimatorClass {
    static let clusters: [EstimatorClass] = [
        EstimatorClass(
            names: ["KMeans", "MiniBatchKMeans", "BisectingKMeans", "Birch"], methodNames: ["predict", "transform"],
            transform: { (builder, clusterer, frame) throws(ImportError) in
                let distances = try builder.distancesToCenters(clusterer, frame)
                try builder.note(clusterer, "\(frame.count) features, \(distances.width) centres")
                return Frame(distances.value, width: distances.width, kind: .number)
            },
            methods: { (builder, clusterer, frame) throws(ImportError) in
                var methods = try builder.cluster(clusterer, frame)
                methods.transformed = try builder.distancesToCenters(clusterer, frame)
                return methods
            }),
        .predictors("MeanShift", "AffinityPropagation", has: "predict") {
            (builder, clusterer, frame) throws(ImportError) in try builder.cluster(clusterer, frame)
        },
        .predictors("GaussianMixture", "BayesianGaussianMixture", has: "predict", "predict_proba", "score_samples") {
            (builder, mixture, frame) throws(ImportError) in try builder.mix(mixture, frame)
        },
        .predictors("EllipticEnvelope", has: "predict", "decision_function", "score_samples") {
            (builder, detector, frame) throws(ImportError) in try builder.detectByEllipse(detector, frame)
        },
    ]
}
