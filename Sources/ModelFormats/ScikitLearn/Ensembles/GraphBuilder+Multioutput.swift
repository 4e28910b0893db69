internal import ModelIR
internal import TensorCore

/// `MultiOutputRegressor`, `MultiOutputClassifier`, `RegressorChain` and `ClassifierChain`.
extension GraphBuilder {
    /// One regressor a target.
    mutating func regressTargets(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let members = try members("estimators_", of: estimator)
        try note(estimator, "\(members.count) targets")
        let methods = try methods(of: members, frame)
        var values: [ValueID] = []
        for (index, member) in members.enumerated() {
            let numbers = try prediction(of: methods[index], member)
            guard numbers.width == 1 else { throw severalTargets(member) }
            values.append(numbers.value)
        }
        let value = add(.concat, values, width: values.count, path: estimator.path)
        return EstimatorMethods(prediction: .numbers(value, width: values.count, isVector: true))
    }

    /// One classifier a target.
    mutating func classifyTargets(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let members = try members("estimators_", of: estimator)
        try note(estimator, "\(members.count) targets")
        let methods = try methods(of: members, frame)
        for (index, member) in members.enumerated() { _ = try label(of: methods[index], member) }
        return try joined(methods, estimator)
    }

    // MARK: Chains

    /// Each regressor also sees the predictions of those before it, in the order `order_`.
    mutating func regressInChain(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let members = try members("estimators_", of: estimator)
        let columns = try chainColumns(estimator, memberCount: members.count)
        try note(estimator, "\(members.count) targets")
        var values: [ValueID] = []
        _ = try chained(members, estimator, frame) { (builder, methods, member) throws(ImportError) in
            let numbers = try builder.prediction(of: methods, member)
            guard numbers.width == 1 else { throw builder.severalTargets(member) }
            values.append(numbers.value)
            return numbers.value
        }
        let inOrder = columns.map { values[$0] }
        let value = add(.concat, inOrder, width: values.count, path: estimator.path)
        return EstimatorMethods(prediction: .numbers(value, width: values.count, isVector: true))
    }

    /// Each classifier also sees what those before it answer: `predict` or, with `chain_method` since 1.5, another
    /// method. scikit-learn keeps the labels as float64.
    mutating func classifyInChain(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let members = try members("estimators_", of: estimator)
        let columns = try chainColumns(estimator, memberCount: members.count)
        let method = text(estimator, "chain_method_") ?? "predict"
        try note(estimator, "\(members.count) targets" + (method == "predict" ? "" : ", joined by \(method)"))
        var methods = try chained(members, estimator, frame) { (builder, methods, member) throws(ImportError) in
            try builder.chainFeature(method, of: methods, member)
        }
        var decisions: [ValueID] = []
        for (index, member) in members.enumerated() {
            let (value, labels) = try label(of: methods[index], member)
            guard let numbers = labels.numbers else {
                throw ImportError(
                    .unsupported, at: member.path + ".classes_", found: "labels of text", expected: "numbers")
            }
            methods[index].prediction = .label(value, .doubles(numbers))
            // scikit-learn gives the second column alone, which says it all only where there are two.
            if labels.count != 2 { methods[index].probabilities = nil }
            if let decision = methods[index].decision, decision.width == 1 { decisions.append(decision.value) }
        }
        var result = try joined(columns.map { methods[$0] }, estimator)
        if let probabilities = result.probabilities {
            let seconds = Array(stride(from: 1, to: 2 * members.count, by: 2))
            let value = add(.gatherColumns(seconds), [probabilities], width: seconds.count, path: path)
            result.labelProbabilities = EstimatorMethods.Numbers(value: value, width: seconds.count)
        }
        if decisions.count == members.count {
            let value = add(.concat, columns.map { decisions[$0] }, width: decisions.count, path: path)
            result.decision = EstimatorMethods.Numbers(value: value, width: decisions.count)
        }
        return result
    }

    private mutating func chainFeature(
        _ method: String, of methods: EstimatorMethods, _ member: EstimatorRecord
    ) throws(ImportError) -> ValueID {
        switch method {
        case "predict": return try labelNumber(methods, member)
        case "predict_proba", "predict_log_proba":
            let (value, labels) = try probabilities(of: methods, member)
            guard labels.count == 2 else { break }
            let second = add(.gatherColumns([1]), [value], width: 1, path: member.path)
            return method == "predict_proba"
                ? second : add(.elementwise(.log), [second], width: 1, path: member.path)
        case "decision_function":
            if let decision = methods.decision, decision.width == 1 { return decision.value }
        default: break
        }
        throw ImportError(
            .unsupported, at: member.path, found: "the method \(method) of \(member.fullName)",
            expected: "predict, or one number of predict_proba, predict_log_proba or decision_function")
    }

    /// The place in the chain of each target.
    private mutating func chainColumns(
        _ estimator: EstimatorRecord, memberCount: Int
    ) throws(ImportError) -> [Int] {
        let path = estimator.path
        let order = try list(required(estimator, "order_"), place: path + ".order_")
        var columns = [Int](repeating: -1, count: memberCount)
        for (place, scalar) in order.enumerated() {
            guard case .integer(let target) = scalar, columns.indices.contains(Int(target)), columns[Int(target)] < 0
            else {
                throw ImportError(
                    .malformed, at: path + ".order_", found: scalar.description,
                    expected: "each of 0..<\(memberCount) once")
            }
            columns[Int(target)] = place
        }
        guard order.count == memberCount else {
            throw ImportError(
                .malformed, at: path + ".order_", found: "\(order.count) targets", expected: "\(memberCount)")
        }
        return columns
    }

    /// The members' methods, each on the frame and on what `feature` makes of those before it.
    private mutating func chained(
        _ members: [EstimatorRecord], _ estimator: EstimatorRecord, _ frame: Frame,
        feature: (inout GraphBuilder, EstimatorMethods, EstimatorRecord) throws(ImportError) -> ValueID
    ) throws(ImportError) -> [EstimatorMethods] {
        var seen = try numberFrame(frame, isFinite: true, path: estimator.path)
        var result: [EstimatorMethods] = []
        for (index, member) in members.enumerated() {
            let told = stepCount
            try spend(seen.count, path: member.path)
            let methods = widened(try methods(member, seen), path: member.path)
            if index > 0 { dropSteps(after: told) }
            seen.columns += Frame(try feature(&self, methods, member), width: 1, kind: .number).columns
            result.append(methods)
        }
        return result
    }
}
