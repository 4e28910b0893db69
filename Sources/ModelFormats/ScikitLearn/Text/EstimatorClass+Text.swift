internal import ModelIR

extension EstimatorClass {
    /// Classes that take one text a record, and do not know how many columns that is.
    static let textVectorizers: Set<String> = ["CountVectorizer", "TfidfVectorizer", "HashingVectorizer"]

    static let texts: [EstimatorClass] = [
        .transformers("CountVectorizer", "TfidfVectorizer", "HashingVectorizer") {
            (builder, vectorizer, frame) throws(ImportError) in try builder.vectorize(vectorizer, frame)
        },
        .transformers("TfidfTransformer") { (builder, transformer, frame) throws(ImportError) in
            let weighed = try builder.weighTerms(transformer, frame)
            try builder.note(transformer, "\(weighed.count) terms")
            return weighed
        },
    ]
}
