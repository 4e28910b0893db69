internal import ModelIR
internal import TensorCore

/// libsvm's models, from the attributes with an underscore: the public ones have another sign for two classes.
extension GraphBuilder {
    /// The kernel values of the support vectors.
    private mutating func vectorKernel(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        let vectors = try numbers(estimator, "support_vectors_")
        guard vectors.shape.rank == 2 else {
            throw ImportError(
                .malformed, at: estimator.path + ".support_vectors_", found: "shape \(vectors.shape)",
                expected: "[vectors, \(frame.count)]")
        }
        return try kernel(
            estimator, frame, references: vectors, place: estimator.path + ".support_vectors_", gammaName: "_gamma")
    }

    /// `_dual_coef_` of one row, and `_intercept_` of one number.
    private mutating func singleMachine(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> (kernel: ValueID, coefficients: [Double], intercept: Double) {
        let kernel = try vectorKernel(estimator, frame)
        let coefficients = try numbers(estimator, "_dual_coef_")
        try check(coefficients.shape, [1, kernel.width], place: estimator.path + "._dual_coef_")
        let intercept = try vector(estimator, "_intercept_", count: 1)
        try note(estimator, "\(frame.count) features, \(kernel.width) support vectors")
        return (kernel.value, coefficients.values, intercept[0])
    }

    mutating func regressByVectors(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let machine = try singleMachine(estimator, frame)
        let gemm = Gemm(
            weights: machine.coefficients, bias: [machine.intercept], inputWidth: machine.coefficients.count)
        let value = add(.gemm(gemm), [machine.kernel], width: 1, path: estimator.path)
        return EstimatorMethods(prediction: .numbers(value, width: 1, isVector: false))
    }

    /// OneClassSVM: above zero is inside; the scores are the decision less the intercept.
    mutating func detectByVectors(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let machine = try singleMachine(estimator, frame)
        let gemm = Gemm(
            weights: machine.coefficients, bias: [machine.intercept], inputWidth: machine.coefficients.count)
        let decision = add(.gemm(gemm), [machine.kernel], width: 1, path: estimator.path)
        // scikit-learn adds offset_, which is the intercept with the other sign.
        let back = Scaler(form: .multiplyAdd, offset: [-machine.intercept], scale: [1])
        let scores = add(.scaler(back), [decision], width: 1, path: estimator.path)
        return outlierMethods(decision, scores: scores, isZeroInlier: false, path: estimator.path)
    }

    mutating func classifyByVectors(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        guard let pairCount = PairDecisions.pairCount(classCount: labels.count) else {
            throw ImportError(
                .malformed, at: path + ".classes_", found: "\(labels.count) classes", expected: "two or more")
        }
        let kernel = try vectorKernel(estimator, frame)
        let starts = try vectorStarts(estimator, classCount: labels.count, vectorCount: kernel.width)
        let coefficients = try numbers(estimator, "_dual_coef_")
        try check(coefficients.shape, [labels.count - 1, kernel.width], place: path + "._dual_coef_")
        let decisions = PairDecisions(
            coefficients: coefficients.values, starts: starts,
            intercepts: try vector(estimator, "_intercept_", count: pairCount))
        try spend(pairCount, path: path)
        let pairs = add(.pairDecisions(decisions), [kernel.value], width: pairCount, path: path)
        try note(estimator, "\(frame.count) features, \(kernel.width) support vectors, \(labels.count) classes")

        let decision = try decision(estimator, pairs, pairCount: pairCount, classCount: labels.count)
        let breaksTies = flag(estimator, "break_ties", default: false) && labels.count > 2
        let label =
            breaksTies && decision.width == labels.count && isOneVersusRest(estimator)
            ? add(.argMax, [decision.value], width: 1, path: path)
            : add(.pairVote(classCount: labels.count), [pairs], width: 1, path: path)
        return EstimatorMethods(
            prediction: .label(label, labels),
            probabilities: try coupledProbabilities(estimator, pairs, pairCount: pairCount, classCount: labels.count),
            decision: decision)
    }

    /// Where each class's vectors begin; `_n_support` was `n_support_` before 0.23.
    private mutating func vectorStarts(
        _ estimator: EstimatorRecord, classCount: Int, vectorCount: Int
    ) throws(ImportError) -> [Int] {
        let name = attribute(estimator, "_n_support") == nil ? "n_support_" : "_n_support"
        let place = "\(estimator.path).\(name)"
        var starts = [0]
        for count in try vector(estimator, name, count: classCount) {
            guard let count = Int(exactly: count), count >= 0, count <= vectorCount - starts[starts.count - 1] else {
                throw ImportError(
                    .malformed, at: place, found: "\(count)", expected: "counts whose sum is \(vectorCount)")
            }
            starts.append(starts[starts.count - 1] + count)
        }
        guard starts.last == vectorCount else {
            throw ImportError(
                .malformed, at: place, found: "counts whose sum is \(starts[classCount])", expected: "\(vectorCount)")
        }
        return starts
    }

    private func isOneVersusRest(_ estimator: EstimatorRecord) -> Bool {
        text(estimator, "decision_function_shape") != "ovo"
    }

    /// scikit-learn's `decision_function`: with two classes the pair's decision with the other sign.
    private mutating func decision(
        _ estimator: EstimatorRecord, _ pairs: ValueID, pairCount: Int, classCount: Int
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        if classCount == 2 {
            let negated = Scaler(form: .multiplyAdd, offset: [0], scale: [-1])
            return EstimatorMethods.Numbers(
                value: add(.scaler(negated), [pairs], width: 1, path: estimator.path), width: 1)
        }
        switch text(estimator, "decision_function_shape") {
        case "ovr":
            let scores = add(.pairScores(classCount: classCount), [pairs], width: classCount, path: estimator.path)
            return EstimatorMethods.Numbers(value: scores, width: classCount)
        case "ovo":
            return EstimatorMethods.Numbers(value: pairs, width: pairCount)
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".decision_function_shape",
                found: attribute(estimator, "decision_function_shape").map { document.describe($0) } ?? "nothing",
                expected: "\"ovr\" or \"ovo\"")
        }
    }

    /// Platt's probabilities, for a model that was fitted with `probability=True`.
    private mutating func coupledProbabilities(
        _ estimator: EstimatorRecord, _ pairs: ValueID, pairCount: Int, classCount: Int
    ) throws(ImportError) -> ValueID? {
        guard flag(estimator, "probability", default: false) else { return nil }
        let names = attribute(estimator, "_probA") == nil ? ("probA_", "probB_") : ("_probA", "_probB")
        let slopes = try numbers(estimator, names.0)
        // Set after fitting, `probability` has no effect: scikit-learn then raises.
        if slopes.shape.elementCount == 0 { return nil }
        try check(slopes.shape, [pairCount], place: "\(estimator.path).\(names.0)")
        let offsets = try vector(estimator, names.1, count: pairCount)
        let coupling = PairCoupling(slopes: slopes.values, offsets: offsets, classCount: classCount)
        return add(.pairCoupling(coupling), [pairs], width: classCount, path: estimator.path)
    }
}
