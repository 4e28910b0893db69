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
        .transformers("FunctionTransformer") { (builder, transformer, frame) throws(ImportError) in
            try builder.applyFunction(transformer, frame)
        },
    ]
}
