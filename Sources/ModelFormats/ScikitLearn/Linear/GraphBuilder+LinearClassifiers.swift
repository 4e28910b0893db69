internal import ModelIR
internal import TensorCore

/// Linear classifiers.
extension GraphBuilder {
    typealias ProbabilityRule = (borrowing GraphBuilder, Int) throws(ImportError) -> LinearProbabilities

    /// X · coef_ᵀ + intercept_: one row for two classes, else one row a class.
    ///
    /// - Parameter rule: the probabilities, for that many classes.
    mutating func classify(
        _ estimator: EstimatorRecord, _ frame: Frame, probabilities rule: ProbabilityRule
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try linearLabels(estimator)
        let (gemm, isMatrix) = try linear(estimator, width: frame.count)
        if attribute(estimator, "_label_binarizer") != nil, try isMultilabel(estimator) {
            guard isMatrix, gemm.outputWidth == labels.count, labels.count > 0 else {
                throw ImportError(
                    .malformed, at: path + ".coef_", found: "shape [\(gemm.outputWidth), \(frame.count)]",
                    expected: "[\(labels.count), \(frame.count)] for \(labels.count) labels")
            }
            return try classifyLabels(estimator, frame, gemm)
        }
        let rows = labels.count == 2 ? 1 : labels.count
        guard isMatrix || rows == 1, gemm.outputWidth == rows, labels.count >= 2 else {
            throw ImportError(
                .malformed, at: path + ".coef_", found: "shape [\(gemm.outputWidth), \(frame.count)]",
                expected: "[\(rows), \(frame.count)] for \(labels.count) classes")
        }
        let input = try matrix(frame, as: .number, path: path)
        let scores = add(.gemm(gemm), [input], width: rows, path: path)
        let label =
            rows == 1
            ? add(.greater(threshold: 0), [scores], width: 1, path: path)
            : add(.argMax, [scores], width: 1, path: path)
        let probabilities = probabilities(
            try rule(self, labels.count), of: scores, gemm, input: input, path: path)
        try note(estimator, "\(frame.count) features, \(labels.count) classes")
        return EstimatorMethods(
            prediction: .label(label, labels), probabilities: probabilities,
            decision: EstimatorMethods.Numbers(value: scores, width: rows))
    }

    /// A target of several labels a row: each label is there where its score is above 0.
    private mutating func classifyLabels(
        _ estimator: EstimatorRecord, _ frame: Frame, _ gemm: Gemm
    ) throws(ImportError) -> EstimatorMethods {
        let input = try matrix(frame, as: .number, path: estimator.path)
        let scores = EstimatorMethods.Numbers(
            value: add(.gemm(gemm), [input], width: gemm.outputWidth, path: estimator.path), width: gemm.outputWidth)
        try note(estimator, "\(frame.count) features, \(scores.width) labels")
        var result = try multilabel(
            scores: columns(of: scores, path: estimator.path), threshold: 0, probabilities: [], estimator)
        result.decision = scores
        return result
    }

    private mutating func probabilities(
        _ kind: LinearProbabilities, of scores: ValueID, _ gemm: Gemm, input: ValueID, path: String
    ) -> ValueID? {
        let rows = gemm.outputWidth
        let each: ValueID
        let sum: Activation
        switch kind {
        case .none: return nil
        case .softmax where rows == 1:
            let mirrored = Gemm(
                weights: gemm.weights.map { -$0 } + gemm.weights, bias: gemm.bias.map { -$0 } + gemm.bias,
                inputWidth: gemm.inputWidth)
            let both = add(.gemm(mirrored), [input], width: 2, path: path)
            return add(.activation(.softmax), [both], width: 2, path: path)
        case .softmax:
            return add(.activation(.softmax), [scores], width: rows, path: path)
        case .logistic(let uniformAtZero):
            each = add(.activation(.logistic), [scores], width: rows, path: path)
            sum = uniformAtZero ? .normalizeSumOrUniform : .normalizeSum
        case .clipped:
            let clip = Scaler(
                form: .subtractDivide, offset: [Double](repeating: -1, count: rows),
                scale: [Double](repeating: 2, count: rows), clip: 0...1)
            each = add(.scaler(clip), [scores], width: rows, path: path)
            sum = .normalizeSumOrUniform
        }
        guard rows > 1 else { return add(.binaryProbabilities, [each], width: 2, path: path) }
        return add(.activation(sum), [each], width: rows, path: path)
    }

    /// RidgeClassifier keeps its classes in a LabelBinarizer, and besides in `classes_` since 1.8.
    private mutating func linearLabels(_ estimator: EstimatorRecord) throws(ImportError) -> ClassLabels {
        guard attribute(estimator, "_label_binarizer") != nil else { return try classLabels(estimator) }
        return try binarizedLabels(estimator)
    }

    /// The classes of an estimator's `_label_binarizer`; of a target of several labels a row, one a label.
    mutating func binarizedLabels(_ estimator: EstimatorRecord) throws(ImportError) -> ClassLabels {
        try classLabels(member("_label_binarizer", of: estimator))
    }

    /// Whether the target of an estimator's `_label_binarizer` has several labels a row.
    func isMultilabel(_ estimator: EstimatorRecord) throws(ImportError) -> Bool {
        try text(member("_label_binarizer", of: estimator), "y_type_")?.hasPrefix("multilabel") == true
    }

    // MARK: Rules of single classes

    /// The rule changed: `multi_class` was deprecated in 1.5 and is gone since 1.8; before 1.6 the solver
    /// newton-cholesky fitted one model a class, and 1.1 did not know it.
    func probabilities(ofLogisticRegression estimator: EstimatorRecord, classCount: Int) -> LinearProbabilities {
        switch text(estimator, "multi_class") {
        case "multinomial": return .softmax
        case "ovr", "warn": return .logistic(uniformAtZero: isUniformAtZero)
        default: break
        }
        let solver = text(estimator, "solver")
        let isOneVersusRest =
            classCount <= 2 || solver == "liblinear" || (solver == "newton-cholesky" && !isAtLeast(1, 6))
        return isOneVersusRest ? .logistic(uniformAtZero: isUniformAtZero) : .softmax
    }

    /// Probabilities that are all zero became equal ones in 1.8.
    private var isUniformAtZero: Bool { isAtLeast(1, 8) }

    /// `log` was renamed `log_loss` in 1.1; other losses have no probabilities.
    func probabilities(ofGradientDescent estimator: EstimatorRecord) -> LinearProbabilities {
        switch text(estimator, "loss") {
        case "log_loss", "log": .logistic(uniformAtZero: isUniformAtZero)
        case "modified_huber": .clipped
        default: .none
        }
    }
}
