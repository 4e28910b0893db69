internal import ModelIR

extension EstimatorClass {
    static let preprocessing: [EstimatorClass] = [
        .transformers("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler") {
            (builder, scaler, frame) throws(ImportError) in try builder.scale(scaler, frame)
        },
        .transformers("SimpleImputer") { (builder, imputer, frame) throws(ImportError) in
            try builder.impute(imputer, frame)
        },
        .transformers("MissingIndicator") { (builder, indicator, frame) throws(ImportError) in
            let indicated = try builder.indicate(indicator, frame)
            try builder.note(indicator, "\(indicated.count) indicators")
            return indicated
        },
        .transformers("OneHotEncoder") { (builder, encoder, frame) throws(ImportError) in
            try builder.encode(encoder, frame)
        },
        .transformers("OrdinalEncoder") { (builder, encoder, frame) throws(ImportError) in
            try builder.encodeOrdinals(encoder, frame)
        },
        .transformers("TargetEncoder") { (builder, encoder, frame) throws(ImportError) in
            try builder.encodeTargets(encoder, frame)
        },
        .transformers("Binarizer") { (builder, binarizer, frame) throws(ImportError) in
            try builder.binarize(binarizer, frame)
        },
        .transformers("Normalizer") { (builder, normalizer, frame) throws(ImportError) in
            try builder.normalize(normalizer, frame)
        },
        .transformers("KBinsDiscretizer") { (builder, discretizer, frame) throws(ImportError) in
            try builder.discretize(discretizer, frame)
        },
        .transformers("PolynomialFeatures") { (builder, features, frame) throws(ImportError) in
            try builder.multiply(features, frame)
        },
        .transformers("SplineTransformer") { (builder, transformer, frame) throws(ImportError) in
            try builder.expandSplines(transformer, frame)
        },
        .transformers("PowerTransformer") { (builder, transformer, frame) throws(ImportError) in
            try builder.transformPower(transformer, frame)
        },
        .transformers("QuantileTransformer") { (builder, transformer, frame) throws(ImportError) in
            try builder.transformQuantiles(transformer, frame)
        },
        .transformers("KNNImputer") { (builder, imputer, frame) throws(ImportError) in
            try builder.imputeFromNeighbors(imputer, frame)
        },
        EstimatorClass(
            names: ["IterativeImputer"], methodNames: ["transform"],
            transform: { (builder, imputer, frame) throws(ImportError) in
                try builder.imputeByModels(imputer, frame)
            },
            parts: { (builder, imputer) throws(ImportError) in try builder.imputationModels(imputer) }),
        .transformers("FunctionTransformer") { (builder, transformer, frame) throws(ImportError) in
            try builder.applyFunction(transformer, frame)
        },
    ]
}
