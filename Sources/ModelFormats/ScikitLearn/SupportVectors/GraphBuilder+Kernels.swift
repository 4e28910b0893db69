internal import ModelIR
internal import TensorCore

/// Kernels between a row and rows of the training set.
extension GraphBuilder {
    /// The kernel of an estimator's attributes `kernel`, gamma, `degree` and `coef0`, with each reference row.
    ///
    /// - Parameter gammaName: the attribute that holds the number; `gamma` itself may be a word.
    mutating func kernel(
        _ estimator: EstimatorRecord, _ frame: Frame, references: PickleElements<Double>, place: String,
        gammaName: String
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        guard references.shape.rank == 2 else {
            throw ImportError(
                .malformed, at: place, found: "shape \(references.shape)", expected: "[rows, \(frame.count)]")
        }
        let count = references.shape.extents[0]
        try check(references.shape, [count, frame.count], place: place)
        let pairwise = Pairwise(
            measure: try kernelMeasure(estimator, width: frame.count, gammaName: gammaName),
            references: references.values, count: count, inputWidth: frame.count)
        try spend(count, path: place)
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(.pairwise(pairwise), [input], width: count, path: estimator.path)
        return EstimatorMethods.Numbers(value: value, width: count)
    }

    private func kernelMeasure(
        _ estimator: EstimatorRecord, width: Int, gammaName: String
    ) throws(ImportError) -> PairwiseMeasure {
        try refuseKernelParameters(estimator)
        switch text(estimator, "kernel") {
        case "linear": return .dot
        case "rbf": return .gaussian(gamma: try gamma(estimator, gammaName, width: width))
        case "laplacian": return .laplacian(gamma: try gamma(estimator, gammaName, width: width))
        case "cosine": return .cosine
        case "poly", "polynomial":
            return .polynomial(
                gamma: try gamma(estimator, gammaName, width: width),
                offset: try number(estimator, "coef0", default: 1),
                degree: try number(estimator, "degree", default: 3))
        case "sigmoid":
            return .sigmoid(
                gamma: try gamma(estimator, gammaName, width: width), offset: try number(estimator, "coef0", default: 1)
            )
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".kernel",
                found: attribute(estimator, "kernel").map { document.describe($0) } ?? "nothing",
                expected: "\"linear\", \"rbf\", \"poly\", \"sigmoid\", \"laplacian\" or \"cosine\"",
                remedy: "retrain with one of these kernels; a function or a precomputed matrix is not in the file")
        }
    }

    /// `kernel_params` are for kernels that are functions.
    private func refuseKernelParameters(_ estimator: EstimatorRecord) throws(ImportError) {
        guard let value = attribute(estimator, "kernel_params"), value != .none else { return }
        if let pairs = document.pairs(value), pairs.isEmpty { return }
        throw ImportError(
            .unsupported, at: estimator.path + ".kernel_params", found: document.describe(value), expected: "none",
            remedy: "give gamma, degree and coef0 themselves")
    }

    /// One over the number of columns where it is None; libsvm's models always keep a number.
    private func gamma(_ estimator: EstimatorRecord, _ name: String, width: Int) throws(ImportError) -> Double {
        if name != "_gamma", let value = attribute(estimator, name), value == .none, width > 0 {
            return 1 / Double(width)
        }
        return try number(estimator, name)
    }

    /// An attribute that is a number; the default where it is None.
    func number(
        _ estimator: EstimatorRecord, _ name: String, default standard: Double? = nil
    ) throws(ImportError) -> Double {
        if let standard, let value = attribute(estimator, name), value == .none { return standard }
        let value = try required(estimator, name)
        guard let number = document.scalar(value).number else {
            throw wrongType(value, place: "\(estimator.path).\(name)", expected: "a number")
        }
        return number
    }

    /// KernelRidge: K · dual_coef_.
    mutating func regressByKernel(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let kernel = try kernel(
            estimator, frame, references: numbers(estimator, "X_fit_"), place: estimator.path + ".X_fit_",
            gammaName: "gamma")
        let coefficients = try numbers(estimator, "dual_coef_")
        let isMatrix = coefficients.shape.rank == 2
        let place = estimator.path + ".dual_coef_"
        var projection = Projection(weights: coefficients.values, height: 1, width: kernel.width)
        if isMatrix {
            projection = try columns(coefficients, height: kernel.width, place: place)
        } else {
            try check(coefficients.shape, [kernel.width], place: place)
        }
        let value = project(kernel.value, projection, path: estimator.path)
        try note(estimator, "\(frame.count) features, \(kernel.width) training rows")
        return EstimatorMethods(prediction: .numbers(value.value, width: value.width, isVector: isMatrix))
    }
}
