internal import ModelIR
internal import TensorCore

/// `AdaBoostClassifier` and `AdaBoostRegressor`.
extension GraphBuilder {
    /// SAMME adds a member's weight to the class that it predicts and, since 1.3, takes weight / (K - 1) from the
    /// others; SAMME.R, gone since 1.6, adds (K - 1)(log p - mean log p). Both over the sum of the weights.
    mutating func classifyByAdaBoost(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        let count = labels.count
        guard count >= 2 else {
            throw ImportError(
                .unsupported, at: path + ".classes_", found: "\(count) classes", expected: "at least two")
        }
        let members = try members("estimators_", of: estimator)
        let weights = try memberWeights(estimator, "estimator_weights_", count: members.count)
        try note(estimator, "\(members.count) members, \(count) classes")
        let checked = try numberFrame(frame, isFinite: true, path: path)
        let methods = try methods(of: members, checked)
        let isReal = text(estimator, "algorithm") == "SAMME.R" && !isAtLeast(1, 6)
        var terms: [ValueID] = []
        for (index, member) in members.enumerated() {
            if isReal {
                let (value, own) = try probabilities(of: methods[index], member)
                guard own.count == count else { throw foreignLabels(member) }
                terms.append(sammeTerm(value, classCount: count, path: path))
            } else {
                let off = isAtLeast(1, 3) ? -1 / Double(count - 1) * weights[index] : 0
                terms.append(
                    try indicators(of: methods[index], member, among: labels, on: weights[index], off: off))
            }
        }
        let combination = Combination(count: terms.count, divisor: NumPySum.of(weights[...]))
        let sums = add(.combination(combination), terms, width: count, path: path)
        guard count == 2 else {
            let scaled = divide(sums, by: Double(count - 1), width: count, path: path)
            let probabilities = add(.activation(.softmax), [scaled], width: count, path: path)
            let label = add(.argMax, [sums], width: 1, path: path)
            return EstimatorMethods(
                prediction: .label(label, labels), probabilities: probabilities,
                decision: EstimatorMethods.Numbers(value: sums, width: count))
        }
        let decision = add(
            .gemm(Gemm(weights: [-1, 1], bias: [0], inputWidth: 2)), [sums], width: 1, path: path)
        let half = divide(mirrored(decision, path: path), by: 2, width: 2, path: path)
        let probabilities = add(.activation(.softmax), [half], width: 2, path: path)
        let label = add(.greater(threshold: 0), [decision], width: 1, path: path)
        return EstimatorMethods(
            prediction: .label(label, labels), probabilities: probabilities,
            decision: EstimatorMethods.Numbers(value: decision, width: 1))
    }

    private mutating func sammeTerm(_ probabilities: ValueID, classCount: Int, path: String) -> ValueID {
        let clip = ElementwiseFunction.clip(lower: Double.ulpOfOne, upper: .infinity)
        let clipped = add(.elementwise(clip), [probabilities], width: classCount, path: path)
        let logs = add(.elementwise(.log), [clipped], width: classCount, path: path)
        let centered = add(.activation(.subtractMean), [logs], width: classCount, path: path)
        let scaler = Scaler(
            form: .multiplyAdd, offset: [Double](repeating: 0, count: classCount),
            scale: [Double](repeating: Double(classCount - 1), count: classCount))
        return add(.scaler(scaler), [centered], width: classCount, path: path)
    }

    /// The weighted median of the members' predictions.
    mutating func regressByAdaBoost(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let members = try members("estimators_", of: estimator)
        let weights = try memberWeights(estimator, "estimator_weights_", count: members.count)
        try note(estimator, "\(members.count) members")
        let checked = try numberFrame(frame, isFinite: true, path: path)
        let methods = try methods(of: members, checked)
        var predictions: [ValueID] = []
        for (index, member) in members.enumerated() {
            let numbers = try prediction(of: methods[index], member)
            guard numbers.width == 1 else { throw severalTargets(member) }
            predictions.append(numbers.value)
        }
        let all = add(.concat, predictions, width: members.count, path: path)
        let median = WeightedMedian(weights: Array(weights.prefix(members.count)))
        let value = add(.weightedMedian(median), [all], width: 1, path: path)
        return EstimatorMethods(prediction: .numbers(value, width: 1, isVector: false))
    }

    func severalTargets(_ member: EstimatorRecord) -> ImportError {
        ImportError(
            .unsupported, at: member.path, found: "a regressor of several targets", expected: "one target",
            remedy: "fit one model a target")
    }
}
