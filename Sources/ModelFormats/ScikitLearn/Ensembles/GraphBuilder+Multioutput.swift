internal import ModelIR
internal import TensorCore

/// `MultiOutputRegressor` and `RegressorChain`.
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

    /// Each regressor also sees the predictions of those before it, in the order `order_`.
    mutating func regressInChain(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let members = try members("estimators_", of: estimator)
        let order = try list(required(estimator, "order_"), place: path + ".order_")
        var columns = [Int](repeating: -1, count: members.count)
        for (place, scalar) in order.enumerated() {
            guard case .integer(let target) = scalar, columns.indices.contains(Int(target)), columns[Int(target)] < 0
            else {
                throw ImportError(
                    .malformed, at: path + ".order_", found: scalar.description,
                    expected: "each of 0..<\(members.count) once")
            }
            columns[Int(target)] = place
        }
        guard order.count == members.count else {
            throw ImportError(
                .malformed, at: path + ".order_", found: "\(order.count) targets", expected: "\(members.count)")
        }
        try note(estimator, "\(members.count) targets")
        var seen = try numberFrame(frame, isFinite: true, path: path)
        var values: [ValueID] = []
        for (index, member) in members.enumerated() {
            let told = stepCount
            try spend(seen.count, path: member.path)
            let methods = try methods(member, seen)
            if index > 0 { dropSteps(after: told) }
            let numbers = try prediction(of: methods, member)
            guard numbers.width == 1 else { throw severalTargets(member) }
            values.append(numbers.value)
            seen.columns += Frame(numbers.value, width: 1, kind: .number).columns
        }
        let inOrder = add(.concat, values, width: values.count, path: path)
        let value = add(.gatherColumns(columns), [inOrder], width: values.count, path: path)
        return EstimatorMethods(prediction: .numbers(value, width: values.count, isVector: true))
    }
}
