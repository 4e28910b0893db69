internal import ModelIR
internal import TensorCore

/// PLSRegression, PLSCanonical and CCA.
extension GraphBuilder {
    /// (X - _x_mean) · coef_ᵀ + intercept_. Before 1.5 the columns are divided by `_x_std` too; before 1.3 `coef_` was
    /// kept as `_coef_`, and before 1.1 there was no `intercept_` but `y_mean_`.
    mutating func partialLeastSquares(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let name = attribute(estimator, "_coef_") == nil ? "coef_" : "_coef_"
        let place = "\(estimator.path).\(name)"
        guard isAtLeast(1, 1) else {
            throw ImportError(
                .unsupported, at: estimator.path, found: "\(estimator.className) of scikit-learn before 1.1",
                expected: "1.1 or later", remedy: "save it again with a later version")
        }
        let coefficients = try numbers(estimator, name)
        guard coefficients.shape.rank == 2, coefficients.shape.extents[0] > 0 else {
            throw ImportError(
                .malformed, at: place, found: "shape \(coefficients.shape)", expected: "[targets, \(frame.count)]")
        }
        let targets = coefficients.shape.extents[0]
        try check(coefficients.shape, [targets, frame.count], place: place)
        let intercept = try vector(estimator, "intercept_", count: targets)
        let centred = try centred(estimator, frame, isScaled: !isAtLeast(1, 5))
        let gemm = Gemm(weights: coefficients.values, bias: intercept, inputWidth: frame.count)
        let value = add(.gemm(gemm), [centred], width: targets, path: estimator.path)
        try note(estimator, "\(frame.count) features, \(targets) targets")
        // Whether the target was one-dimensional is kept since 1.3; before, every answer is a list.
        let isVector = !flag(estimator, "_predict_1d", default: false)
        guard isVector || targets == 1 else {
            throw ImportError(
                .malformed, at: place, found: "shape \(coefficients.shape)", expected: "one target, for _predict_1d")
        }
        return EstimatorMethods(
            prediction: .numbers(value, width: targets, isVector: isVector),
            transformed: try partialLeastSquaresAxes(estimator, frame))
    }

    /// (X - _x_mean) / _x_std · x_rotations_.
    mutating func partialLeastSquaresAxes(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        let rotations = try columns(estimator, "x_rotations_", height: frame.count)
        let scaled = try centred(estimator, frame, isScaled: true)
        return project(scaled, rotations, path: estimator.path)
    }

    private mutating func centred(
        _ estimator: EstimatorRecord, _ frame: Frame, isScaled: Bool
    ) throws(ImportError) -> ValueID {
        let scaler = Scaler(
            form: .subtractDivide, offset: try vector(estimator, "_x_mean", count: frame.count),
            scale: isScaled
                ? try vector(estimator, "_x_std", count: frame.count) : [Double](repeating: 1, count: frame.count))
        let input = try matrix(frame, as: .number, path: estimator.path)
        return add(.scaler(scaler), [input], width: frame.count, path: estimator.path)
    }
}
