internal import ModelIR
internal import TensorCore

/// Linear models.
extension GraphBuilder {
    /// X · coef_ᵀ + intercept_. A two-dimensional `coef_` comes from a two-dimensional target, and answers a list.
    mutating func regress(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let (gemm, isMatrix) = try linear(estimator, width: frame.count)
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(.gemm(gemm), [input], width: gemm.outputWidth, path: estimator.path)
        try note(estimator, "\(frame.count) features" + (isMatrix ? ", \(gemm.outputWidth) targets" : ""))
        return EstimatorMethods(prediction: .numbers(value, width: gemm.outputWidth, isVector: isMatrix))
    }

    private mutating func linear(
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

    mutating func classify(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        let (gemm, isMatrix) = try linear(estimator, width: frame.count)
        let rows = labels.count == 2 ? 1 : labels.count
        guard isMatrix, gemm.outputWidth == rows, labels.count >= 2 else {
            throw ImportError(
                .malformed, at: path + ".coef_", found: "shape [\(gemm.outputWidth), \(frame.count)]",
                expected: "[\(rows), \(frame.count)] for \(labels.count) classes")
        }
        let input = try matrix(frame, as: .number, path: path)
        let scores = add(.gemm(gemm), [input], width: rows, path: path)
        let label: ValueID
        let probabilities: ValueID
        switch (labels.count, isSoftmax(estimator, classCount: labels.count)) {
        case (2, true):
            label = add(.greater(threshold: 0), [scores], width: 1, path: path)
            // softmax([-d, d]): a binary model fitted with multi_class="multinomial".
            let mirrored = Gemm(
                weights: gemm.weights.map { -$0 } + gemm.weights, bias: gemm.bias.map { -$0 } + gemm.bias,
                inputWidth: gemm.inputWidth)
            let both = add(.gemm(mirrored), [input], width: 2, path: path)
            probabilities = add(.activation(.softmax), [both], width: 2, path: path)
        case (2, false):
            label = add(.greater(threshold: 0), [scores], width: 1, path: path)
            let one = add(.activation(.logistic), [scores], width: 1, path: path)
            probabilities = add(.binaryProbabilities, [one], width: 2, path: path)
        case (_, true):
            label = add(.argMax, [scores], width: 1, path: path)
            probabilities = add(.activation(.softmax), [scores], width: rows, path: path)
        case (_, false):
            label = add(.argMax, [scores], width: 1, path: path)
            let each = add(.activation(.logistic), [scores], width: rows, path: path)
            probabilities = add(.activation(.normalizeSum), [each], width: rows, path: path)
        }
        try note(estimator, "\(frame.count) features, \(labels.count) classes")
        return EstimatorMethods(
            prediction: .label(label, labels), probabilities: probabilities,
            decision: EstimatorMethods.Numbers(value: scores, width: rows))
    }

    /// Whether the probabilities are a softmax, or one logistic function a class. The rule changed: `multi_class` was
    /// deprecated in 1.5 and is gone since 1.8; before 1.6 the solver newton-cholesky fitted one model a class.
    private func isSoftmax(_ estimator: EstimatorRecord, classCount: Int) -> Bool {
        switch text(estimator, "multi_class") {
        case "multinomial": return true
        case "ovr", "warn": return false
        default: break
        }
        let solver = text(estimator, "solver")
        if classCount <= 2 || solver == "liblinear" { return false }
        return solver != "newton-cholesky" || isAtLeast(1, 6)
    }
}
