internal import ModelIR

extension EstimatorClass {
    static let decompositions: [EstimatorClass] = [
        .transformers("PCA", "IncrementalPCA") { (builder, decomposition, frame) throws(ImportError) in
            try builder.projectOnComponents(decomposition, frame)
        },
        .transformers("TruncatedSVD", "GaussianRandomProjection", "SparseRandomProjection") {
            (builder, decomposition, frame) throws(ImportError) in
            try builder.projectPlainly(decomposition, frame)
        },
        .transformers("FastICA") { (builder, decomposition, frame) throws(ImportError) in
            try builder.unmix(decomposition, frame)
        },
        .transformers("FactorAnalysis") { (builder, decomposition, frame) throws(ImportError) in
            try builder.findFactors(decomposition, frame)
        },
        .transformers("KernelPCA") { (builder, decomposition, frame) throws(ImportError) in
            try builder.projectByKernel(decomposition, frame)
        },
        .transformers("Nystroem") { (builder, approximation, frame) throws(ImportError) in
            try builder.approximateKernel(approximation, frame)
        },
        .transformers("RBFSampler") { (builder, sampler, frame) throws(ImportError) in
            try builder.sampleKernel(sampler, frame)
        },
    ]
}
