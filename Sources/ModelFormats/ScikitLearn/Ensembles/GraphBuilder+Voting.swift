internal import ModelIR
internal import TensorCore

/// `VotingClassifier` and `VotingRegressor`.
extension GraphBuilder {
    /// Soft: the weighted mean of the members' probabilities. Hard: the class of the largest sum of weights, the first
    /// of equal ones. Members were fitted on encoded labels.
    mutating func classifyByVoting(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(member("le_", of: estimator))
        let count = labels.count
        let members = try members("estimators_", of: estimator)
        let weights = try votingWeights(estimator, count: members.count)
        let isSoft = text(estimator, "voting") == "soft"
        try note(estimator, "\(isSoft ? "soft" : "hard"), \(members.count) members, \(count) classes")
        let methods = try methods(of: members, frame, toldMax: members.count)
        let codes = codes(count)
        var terms: [ValueID] = []
        var codeValues: [ValueID] = []
        for (index, member) in members.enumerated() {
            if isSoft {
                let (value, own) = try probabilities(of: methods[index], member)
                guard own.codes(below: count) == Array(0..<count) else { throw foreignLabels(member) }
                terms.append(value)
            } else {
                terms.append(try indicators(of: methods[index], member, among: codes))
                codeValues.append(try labelNumber(methods[index], member))
            }
        }
        let sums =
            isSoft
            ? average(terms, weights, width: count, path: path)
            : add(
                .combination(Combination(count: terms.count, weights: weights ?? [])), terms, width: count, path: path)
        let label = add(.argMax, [sums], width: 1, path: path)
        var result = EstimatorMethods(prediction: .label(label, labels))
        if isSoft {
            result.probabilities = sums
            if flag(estimator, "flatten_transform", default: true) {
                let all = add(.concat, terms, width: count * terms.count, path: path)
                result.transformed = EstimatorMethods.Numbers(value: all, width: count * terms.count)
            }
        } else {
            let all = add(.concat, codeValues, width: codeValues.count, path: path)
            result.transformed = EstimatorMethods.Numbers(value: all, width: codeValues.count)
        }
        return result
    }

    mutating func regressByVoting(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let members = try members("estimators_", of: estimator)
        let weights = try votingWeights(estimator, count: members.count)
        try note(estimator, "\(members.count) members")
        let methods = try methods(of: members, frame, toldMax: members.count)
        var terms: [ValueID] = []
        for (index, member) in members.enumerated() {
            let numbers = try prediction(of: methods[index], member)
            guard numbers.width == 1 else { throw severalTargets(member) }
            terms.append(numbers.value)
        }
        let value = average(terms, weights, width: 1, path: path)
        let all = add(.concat, terms, width: terms.count, path: path)
        return EstimatorMethods(
            prediction: .numbers(value, width: 1, isVector: false),
            transformed: EstimatorMethods.Numbers(value: all, width: terms.count))
    }

    /// NumPy's `average`: with weights always in float64.
    private mutating func average(_ terms: [ValueID], _ weights: [Double]?, width: Int, path: String) -> ValueID {
        guard let weights else { return memberMean(terms, width: width, path: path) }
        let mean = Combination(count: terms.count, weights: weights, divisor: NumPySum.of(weights[...]))
        return add(.combination(mean), terms, width: width, path: path)
    }

    /// The weights of the members that were not dropped; nil for none.
    private mutating func votingWeights(
        _ estimator: EstimatorRecord, count: Int
    ) throws(ImportError) -> [Double]? {
        guard let value = attribute(estimator, "weights"), value != .none else { return nil }
        let place = estimator.path + ".weights"
        let all = try list(value, place: place)
        var weights: [Double] = []
        for (part, scalar) in zip(try parts(estimator, "estimators", width: 2), all) where !part.isDrop {
            guard let weight = scalar.number else {
                throw ImportError(.malformed, at: place, found: scalar.description, expected: "a number")
            }
            weights.append(weight)
        }
        guard weights.count == count else {
            throw ImportError(.malformed, at: place, found: "\(weights.count) weights", expected: "\(count)")
        }
        return weights
    }

    /// A classifier's label, which is a number, as one.
    mutating func labelNumber(
        _ methods: EstimatorMethods, _ member: EstimatorRecord
    ) throws(ImportError) -> ValueID {
        let (value, labels) = try label(of: methods, member)
        guard let numbers = labels.numbers else {
            throw ImportError(
                .unsupported, at: member.path, found: "labels of text as features", expected: "numbers")
        }
        return add(.classValue(numbers), [value], width: 1, path: member.path)
    }
}
