internal import ModelIR
internal import TensorCore

/// `BaggingClassifier` and `BaggingRegressor`.
extension GraphBuilder {
    /// The mean of the members' probabilities, each on its own columns; a member without probabilities votes.
    mutating func classifyByBagging(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        let count = labels.count
        let members = try members("estimators_", of: estimator)
        try note(estimator, "\(members.count) members, \(count) classes")
        let methods = try baggedMethods(members, of: estimator, frame)
        // Members were fitted on encoded labels.
        let codes = codes(count)
        var terms: [ValueID] = []
        var decisions: [ValueID] = []
        var decisionWidth = 0
        for (index, member) in members.enumerated() {
            if methods[index].probabilities == nil {
                terms.append(try indicators(of: methods[index], member, among: codes))
            } else {
                let (value, own) = try probabilities(of: methods[index], member)
                guard let places = own.codes(below: count) else { throw foreignLabels(member) }
                terms.append(try spread(value, to: places, of: count, path: member.path))
            }
            if let decision = methods[index].decision, index == 0 || decision.width == decisionWidth {
                decisionWidth = decision.width
                decisions.append(decision.value)
            }
        }
        let mean = Combination(count: terms.count, divisor: Double(members.count))
        let probabilities = add(.combination(mean), terms, width: count, path: path)
        let label = add(.argMax, [probabilities], width: 1, path: path)
        var result = EstimatorMethods(prediction: .label(label, labels), probabilities: probabilities)
        if decisions.count == members.count {
            let value = add(.combination(mean), decisions, width: decisionWidth, path: path)
            result.decision = EstimatorMethods.Numbers(value: value, width: decisionWidth)
        }
        return result
    }

    mutating func regressByBagging(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let members = try members("estimators_", of: estimator)
        try note(estimator, "\(members.count) members")
        let methods = try baggedMethods(members, of: estimator, frame)
        var terms: [ValueID] = []
        var width = 0
        for (index, member) in members.enumerated() {
            let numbers = try prediction(of: methods[index], member)
            width = numbers.width
            terms.append(numbers.value)
        }
        let value = memberMean(terms, width: width, path: estimator.path)
        return EstimatorMethods(prediction: .numbers(value, width: width, isVector: width > 1))
    }

    private mutating func baggedMethods(
        _ members: [EstimatorRecord], of estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> [EstimatorMethods] {
        let subsets = try featureSubsets(of: estimator, memberCount: members.count, width: frame.count)
        let whole = try numberFrame(frame, isFinite: false, path: estimator.path)
        var result: [EstimatorMethods] = []
        for (index, member) in members.enumerated() {
            let told = stepCount
            let part = Frame(subsets[index].map { whole.columns[Int($0)] })
            result.append(widened(try methods(member, part), path: member.path))
            if index > 0 { dropSteps(after: told) }
        }
        return result
    }
}
