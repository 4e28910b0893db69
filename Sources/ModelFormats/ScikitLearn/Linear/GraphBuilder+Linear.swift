internal import ModelIR
internal import TensorCore

/// Linear regressors.
extension GraphBuilder {
    /// X · coef_ᵀ + intercept_. A two-dimensional `coef_` comes from a two-dimensional target, and answers a list.
    mutating func regress(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let (gemm, isMatrix) = try linear(estimator, width: frame.count)
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(.gemm(gemm), [input], width: gemm.outputWidth, path: estimator.path)
        try note(estimator, "\(frame.count) features" + (isMatrix ? ", \(gemm.outputWidth) targets" : ""))
        return EstimatorMethods(prediction: .numbers(value, width: gemm.outputWidth, isVector: isMatrix))
    }

    /// A generalized linear model: the exponential of a linear one, unless its link is the identity.
    mutating func regressWithLink(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let methods = try regress(estimator, frame)
        guard case .numbers(let value, let width, let isVector) = methods.prediction,
            try hasLogarithmicLink(estimator)
        else { return methods }
        let power = add(.activation(.exp), [value], width: width, path: estimator.path)
        return EstimatorMethods(prediction: .numbers(power, width: width, isVector: isVector))
    }

    private func hasLogarithmicLink(_ estimator: EstimatorRecord) throws(ImportError) -> Bool {
        guard estimator.className == "TweedieRegressor" else { return true }
        switch text(estimator, "link") {
        case "identity": return false
        case "log": return true
        case "auto":
            // A normal distribution has power 0; for it and for negative powers the link is the identity.
            guard let power = scalarAttribute(estimator, "power")?.number else { break }
            return power > 0
        default: break
        }
        throw ImportError(
            .unsupported, at: estimator.path + ".link",
            found: attribute(estimator, "link").map { document.describe($0) } ?? "nothing",
            expected: "\"auto\", \"identity\" or \"log\"")
    }

    /// The estimator's coefficients and intercept as one Gemm, and whether `coef_` has a row a target.
    mutating func linear(
        _ estimator: EstimatorRecord, width: Int
    ) throws(ImportError) -> (gemm: Gemm, isMatrix: Bool) {
        let place = estimator.path + ".coef_"
        let coefficients = try numbers(estimator, "coef_")
        let isMatrix = coefficients.shape.rank == 2
        let rows = isMatrix ? coefficients.shape.extents[0] : 1
        try check(coefficients.shape, isMatrix ? [rows, width] : [width], place: place)
        guard rows > 0 else { throw ImportError(.malformed, at: place, found: "no rows", expected: "at least one") }
        let intercept = try numbers(estimator, "intercept_")
        var bias = intercept.values
        if intercept.shape.rank == 0 || intercept.shape.extents == [1] {
            bias = [Double](repeating: bias[0], count: rows)
        } else {
            try check(intercept.shape, [rows], place: estimator.path + ".intercept_")
        }
        return (Gemm(weights: coefficients.values, bias: bias, inputWidth: width), isMatrix)
    }

    /// An outlier detector: the decision is X · coef_ᵀ - offset_, and -1 stands for outliers.
    mutating func detectLinearly(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let coefficients = try numbers(estimator, "coef_")
        guard coefficients.shape.elementCount == frame.count else {
            throw ImportError(
                .malformed, at: estimator.path + ".coef_", found: "shape \(coefficients.shape)",
                expected: "[1, \(frame.count)]")
        }
        let offset = try numbers(estimator, "offset_")
        guard offset.shape.elementCount == 1 else {
            throw ImportError(
                .malformed, at: estimator.path + ".offset_", found: "shape \(offset.shape)", expected: "one number")
        }
        let input = try matrix(frame, as: .number, path: estimator.path)
        let gemm = Gemm(weights: coefficients.values, bias: [-offset.values[0]], inputWidth: frame.count)
        let decision = add(.gemm(gemm), [input], width: 1, path: estimator.path)
        let back = Scaler(form: .multiplyAdd, offset: offset.values, scale: [1])
        let scores = add(.scaler(back), [decision], width: 1, path: estimator.path)
        try note(estimator, "\(frame.count) features")
        return outlierMethods(decision, scores: scores, isZeroInlier: true, path: estimator.path)
    }

    /// The methods of an outlier detector: 1 for what lies inside, -1 for outliers.
    mutating func outlierMethods(
        _ decision: ValueID, scores: ValueID, isZeroInlier: Bool, path: String
    ) -> EstimatorMethods {
        // Above the greatest number below zero is the same as zero or more.
        let threshold = isZeroInlier ? (0.0).nextDown : 0
        let label = add(.greater(threshold: threshold), [decision], width: 1, path: path)
        return EstimatorMethods(
            prediction: .label(label, .integers([-1, 1])),
            decision: EstimatorMethods.Numbers(value: decision, width: 1), scores: scores)
    }
}
