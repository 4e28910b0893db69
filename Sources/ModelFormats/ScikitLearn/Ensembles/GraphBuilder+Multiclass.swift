internal import ModelIR
internal import TensorCore

/// `OneVsRestClassifier` and `OneVsOneClassifier`.
extension GraphBuilder {
    /// One member a class, or one for two classes.
    mutating func classifyOneVsRest(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let binarizer = try member("label_binarizer_", of: estimator)
        let kind = text(binarizer, "y_type_") ?? ""
        let isMultilabel = kind == "multilabel-indicator"
        guard kind == "multiclass" || kind == "binary" || isMultilabel else {
            throw ImportError(
                .unsupported, at: binarizer.path + ".y_type_", found: "a target of the type \"\(kind)\"",
                expected: "multiclass, binary or multilabel-indicator",
                remedy: "fit one classifier a label, and serve each as a model")
        }
        let labels = try classLabels(binarizer)
        let count = labels.count
        let members = try members("estimators_", of: estimator)
        guard count >= (isMultilabel ? 1 : 2), members.count == (kind == "binary" ? 1 : count) else {
            throw ImportError(
                .malformed, at: path + ".estimators_", found: "\(members.count) members",
                expected: "those of \(count) classes")
        }
        try note(estimator, "\(members.count) members, \(count) \(isMultilabel ? "labels" : "classes")")
        let methods = try methods(of: members, frame)
        var scores: [ValueID] = []
        var ones: [ValueID] = []
        var decisions: [ValueID] = []
        var threshold = 0.0
        for (index, member) in members.enumerated() {
            let score = try binaryScore(methods[index], member)
            scores.append(score.value)
            threshold = score.threshold
            if let decision = methods[index].decision, decision.width == 1 { decisions.append(decision.value) }
            if let value = methods[index].probabilities, case .label(_, let own) = methods[index].prediction,
                own.count == 2
            {
                ones.append(add(.gatherColumns([1]), [value], width: 1, path: member.path))
            }
        }
        if isMultilabel {
            // The first member's bound is taken for all; scikit-learn does not take a constant one for a classifier.
            let first = try binaryScore(methods[0], members[0]).threshold
            var result = try multilabel(
                scores: scores, threshold: members[0].className == "_ConstantPredictor" ? 0.5 : first,
                probabilities: ones.count == members.count ? ones : [], estimator)
            if decisions.count == members.count {
                result.decision = EstimatorMethods.Numbers(
                    value: add(.concat, decisions, width: count, path: path), width: count)
            }
            return result
        }
        let all = scores.count == 1 ? scores[0] : add(.concat, scores, width: scores.count, path: path)
        // The last of equal maxima up to 1.7.
        let label =
            scores.count == 1
            ? add(.greater(threshold: threshold), [all], width: 1, path: path)
            : add(isAtLeast(1, 8) ? .argMax : .argMaxLast, [all], width: 1, path: path)
        var result = EstimatorMethods(prediction: .label(label, labels))
        if ones.count == members.count {
            let rows =
                ones.count == 1
                ? add(.binaryProbabilities, ones, width: 2, path: path)
                : add(.concat, ones, width: count, path: path)
            let rule = isAtLeast(1, 7) ? Activation.normalizePositiveSum : .normalizeSum
            result.probabilities = add(.activation(rule), [rows], width: count, path: path)
        }
        if decisions.count == members.count {
            let value = decisions.count == 1 ? decisions[0] : add(.concat, decisions, width: count, path: path)
            result.decision = EstimatorMethods.Numbers(value: value, width: decisions.count)
        }
        return result
    }

    /// What a member says for its class, and the number above which that is yes: a regressor's prediction, the
    /// decision function, or else the second probability.
    private mutating func binaryScore(
        _ methods: EstimatorMethods, _ member: EstimatorRecord
    ) throws(ImportError) -> (value: ValueID, threshold: Double) {
        if case .numbers(let value, 1, _) = methods.prediction { return (value, 0.5) }
        if let decision = methods.decision, decision.width == 1 { return (decision.value, 0) }
        let (value, labels) = try probabilities(of: methods, member)
        guard labels.count == 2 else { throw foreignLabels(member) }
        return (add(.gatherColumns([1]), [value], width: 1, path: member.path), 0.5)
    }

    /// One member a pair of classes. Each votes, and the sum of its scores breaks ties.
    mutating func classifyOneVsOne(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        guard attribute(estimator, "pairwise_indices_") ?? .none == PickleValue.none else {
            throw ImportError(
                .unsupported, at: path + ".pairwise_indices_", found: "members on precomputed kernels",
                expected: "members on the columns themselves")
        }
        let labels = try classLabels(estimator)
        let count = labels.count
        let members = try members("estimators_", of: estimator)
        let (product, overflow) = count.multipliedReportingOverflow(by: count - 1)
        guard count >= 2, !overflow, members.count == product / 2 else {
            throw ImportError(
                .malformed, at: path + ".estimators_", found: "\(members.count) members",
                expected: "one a pair of \(count) classes")
        }
        try note(estimator, "\(members.count) members, \(count) classes")
        let methods = try methods(of: members, frame)
        try spend(count * members.count, path: path)
        var votes: [ValueID] = []
        var scores: [ValueID] = []
        var weights = [Double](repeating: 0, count: count * members.count)
        var threshold = 0.0
        var index = 0
        for first in 0..<count {
            for second in first + 1..<max(count, first + 1) {
                let member = members[index]
                let (value, own) = try label(of: methods[index], member)
                guard let places = own.codes(below: 2) else { throw foreignLabels(member) }
                let indicator = ClassIndicator(
                    columns: places.map { $0 == 0 ? first : second }, width: count, on: 1, off: 0)
                votes.append(add(.classIndicator(indicator), [value], width: count, path: path))
                let score = try binaryScore(methods[index], member)
                if index == 0 { threshold = score.threshold }
                scores.append(score.value)
                weights[first * members.count + index] = -1
                weights[second * members.count + index] = 1
                index += 1
            }
        }
        let all = add(.concat, scores, width: scores.count, path: path)
        let gemm = Gemm(weights: weights, bias: [Double](repeating: 0, count: count), inputWidth: scores.count)
        let sums = add(.gemm(gemm), [all], width: count, path: path)
        let squashed = add(.elementwise(.squashed), [sums], width: count, path: path)
        let counted = add(.combination(Combination(count: votes.count)), votes, width: count, path: path)
        let decision = add(
            .combination(Combination(count: 2)), [counted, squashed], width: count, path: path)
        guard count == 2 else {
            let label = add(.argMax, [decision], width: 1, path: path)
            return EstimatorMethods(
                prediction: .label(label, labels),
                decision: EstimatorMethods.Numbers(value: decision, width: count))
        }
        let one = add(.gatherColumns([1]), [decision], width: 1, path: path)
        let label = add(.greater(threshold: threshold), [one], width: 1, path: path)
        return EstimatorMethods(
            prediction: .label(label, labels), decision: EstimatorMethods.Numbers(value: one, width: 1))
    }

    /// `sklearn.multiclass._ConstantPredictor`: stands where all records of a class' column were the same.
    mutating func predictConstant(_ estimator: EstimatorRecord) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let values = try numbers(estimator, "y_").values
        guard values.count == 1, values[0] == 0 || values[0] == 1 else {
            throw ImportError(.malformed, at: path + ".y_", found: "\(values.count) numbers", expected: "0 or 1")
        }
        let probabilities = add(.constant([1 - values[0], values[0]]), width: 2, path: path)
        let decision = add(.constant(values), width: 1, path: path)
        let label = add(.argMax, [probabilities], width: 1, path: path)
        return EstimatorMethods(
            prediction: .label(label, codes(2)), probabilities: probabilities,
            decision: EstimatorMethods.Numbers(value: decision, width: 1))
    }
}
