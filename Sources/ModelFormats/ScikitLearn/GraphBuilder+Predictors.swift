internal import ModelIR
internal import TensorCore

/// What `predict` and `predict_proba` of each class give.
extension GraphBuilder {
    mutating func predict(_ estimator: EstimatorRecord, _ frame: Frame, depth: Int) throws(ImportError) {
        guard depth <= Self.nestingMax else { throw tooDeep(estimator.path) }
        switch estimator.className {
        case "Pipeline":
            let parts = try parts(of: estimator)
            guard let last = parts.last, !last.isPassthrough else {
                throw noPredictor(estimator, found: "a pipeline that ends without an estimator")
            }
            try note(estimator, "\(parts.count) steps")
            var frame = frame
            for part in parts.dropLast() where !part.isPassthrough {
                frame = try transform(self.estimator(part, in: estimator), frame, depth: depth + 1)
            }
            try predict(self.estimator(last, in: estimator), frame, depth: depth + 1)
        case _ where SupportedClasses.searches.contains(estimator.className):
            try note(estimator, "its best_estimator_ predicts")
            try predict(best(of: estimator), frame, depth: depth + 1)
        case _ where SupportedClasses.linearRegressors.contains(estimator.className):
            try regress(estimator, frame)
        case _ where SupportedClasses.logisticClassifiers.contains(estimator.className):
            try classify(estimator, frame)
        default: throw noPredictor(estimator, found: estimator.fullName)
        }
    }

    private func noPredictor(_ estimator: EstimatorRecord, found: String) -> ImportError {
        ImportError(
            .unsupported, at: estimator.path, found: found, expected: "a regressor or classifier as the last step",
            remedy: "save the whole pipeline, preprocessing and model together")
    }

    /// X · coef_ᵀ + intercept_. A two-dimensional `coef_` comes from a two-dimensional target, and answers a list.
    private mutating func regress(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) {
        let (gemm, isMatrix) = try linear(estimator, width: frame.count)
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(.gemm(gemm), [input], width: gemm.outputWidth, path: estimator.path)
        try note(estimator, "\(frame.count) features" + (isMatrix ? ", \(gemm.outputWidth) targets" : ""))
        addOutput(
            GraphOutput(name: OutputField.predictionName, value: value, meaning: .values, isVector: isMatrix))
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

    private mutating func classify(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) {
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
        addOutput(GraphOutput(name: OutputField.predictionName, value: label, meaning: .label(labels)))
        addOutput(
            GraphOutput(
                name: OutputField.probabilitiesName, value: probabilities, meaning: .probabilities(labels),
                isVector: true))
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

    private mutating func classLabels(_ estimator: EstimatorRecord) throws(ImportError) -> ClassLabels {
        let place = estimator.path + ".classes_"
        let scalars = try list(required(estimator, "classes_"), place: place)
        var integers: [Int64] = []
        var doubles: [Double] = []
        var booleans: [Bool] = []
        var strings: [String] = []
        for scalar in scalars {
            switch scalar {
            case .integer(let value): integers.append(value)
            case .float(let value): doubles.append(value)
            case .boolean(let value): booleans.append(value)
            case .text(let value): strings.append(value)
            case .none, .other:
                throw ImportError(
                    .unsupported, at: place, found: scalar.description, expected: "numbers or text as classes")
            }
        }
        switch scalars.count {
        case integers.count: return .integers(integers)
        case doubles.count: return .doubles(doubles)
        case booleans.count: return .booleans(booleans)
        case strings.count: return .strings(strings)
        default:
            throw ImportError(
                .unsupported, at: place, found: "classes of several types", expected: "one type",
                remedy: "convert the target to text before training")
        }
    }
}
