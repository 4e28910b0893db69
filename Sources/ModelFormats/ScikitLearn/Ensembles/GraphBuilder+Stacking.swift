internal import ModelIR
internal import TensorCore

/// `StackingClassifier` and `StackingRegressor`.
extension GraphBuilder {
    /// The final estimator's methods on the members' outputs. It was fitted on encoded labels.
    mutating func classifyByStacking(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        // `_le` before 1.2.
        let name = attribute(estimator, "_label_encoder") == nil ? "_le" : "_label_encoder"
        let value = try required(estimator, name)
        guard document.sequence(value) == nil else {
            throw ImportError(
                .unsupported, at: "\(estimator.path).\(name)", found: "a classifier of several targets",
                expected: "one target", remedy: "fit one classifier a target, and serve each as a model of its own")
        }
        let labels = try classLabels(member(value, named: name, of: estimator))
        let names = try stackMethods(estimator)
        let members = try members("estimators_", of: estimator)
        guard names.count == members.count else {
            throw ImportError(
                .malformed, at: estimator.path + ".stack_method_", found: "\(names.count) methods",
                expected: "\(members.count)")
        }
        try note(estimator, "\(members.count) members, \(labels.count) classes")
        let methods = try methods(of: members, frame, toldMax: members.count)
        var features: [EstimatorMethods.Numbers] = []
        for (index, member) in members.enumerated() {
            features.append(
                try stackFeature(methods[index], names[index], member, isBinary: labels.count == 2))
        }
        let stacked = try stack(features, frame, estimator)
        let final = try member("final_estimator_", of: estimator)
        var result = try self.methods(final, stacked)
        let (label, codes) = try self.label(of: result, final)
        guard let places = codes.codes(below: labels.count) else { throw foreignLabels(final) }
        result.prediction = .label(label, labels.picked(places))
        result.transformed = try transformed(stacked, estimator)
        return result
    }

    mutating func regressByStacking(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let members = try members("estimators_", of: estimator)
        try note(estimator, "\(members.count) members")
        let methods = try methods(of: members, frame, toldMax: members.count)
        var features: [EstimatorMethods.Numbers] = []
        for (index, member) in members.enumerated() {
            features.append(try prediction(of: methods[index], member))
        }
        let stacked = try stack(features, frame, estimator)
        var result = try self.methods(member("final_estimator_", of: estimator), stacked)
        result.transformed = try transformed(stacked, estimator)
        return result
    }

    private mutating func transformed(
        _ stacked: Frame, _ estimator: EstimatorRecord
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        EstimatorMethods.Numbers(
            value: try matrix(stacked, as: .number, path: estimator.path), width: stacked.count)
    }

    private func stackMethods(_ estimator: EstimatorRecord) throws(ImportError) -> [String] {
        let place = estimator.path + ".stack_method_"
        let value = try required(estimator, "stack_method_")
        guard let items = document.sequence(value), items.count <= Self.stepsMax else {
            throw wrongType(value, place: place, expected: "a list of methods")
        }
        var names: [String] = []
        for item in items {
            guard case .text(let slice) = item, Int(slice.count) <= document.limits.nameBytesMax,
                let name = document.text(slice)
            else { throw wrongType(item, place: place, expected: "a method's name") }
            names.append(name)
        }
        return names
    }

    /// One member's output as features; of the two probabilities of a binary classifier only the second.
    private mutating func stackFeature(
        _ methods: EstimatorMethods, _ name: String, _ member: EstimatorRecord, isBinary: Bool
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        switch name {
        case "predict_proba":
            let (value, labels) = try probabilities(of: methods, member)
            guard isBinary, labels.count == 2 else {
                return EstimatorMethods.Numbers(value: value, width: labels.count)
            }
            let second = add(.gatherColumns([1]), [value], width: 1, path: member.path)
            return EstimatorMethods.Numbers(value: second, width: 1)
        case "decision_function":
            if let decision = methods.decision { return decision }
        case "predict":
            if case .numbers(let value, let width, _) = methods.prediction {
                return EstimatorMethods.Numbers(value: value, width: width)
            }
            return EstimatorMethods.Numbers(value: try labelNumber(methods, member), width: 1)
        default: break
        }
        throw ImportError(
            .unsupported, at: member.path, found: "the method \(name) of \(member.fullName)",
            expected: "predict_proba, decision_function or predict")
    }

    /// The features, and after them the record's own columns with `passthrough`.
    private mutating func stack(
        _ features: [EstimatorMethods.Numbers], _ frame: Frame, _ estimator: EstimatorRecord
    ) throws(ImportError) -> Frame {
        var result = Frame([])
        for feature in features {
            try spend(feature.width, path: estimator.path)
            result.columns += Frame(feature.value, width: feature.width, kind: .number).columns
        }
        if flag(estimator, "passthrough", default: false) {
            result.columns += frame.columns.map { FrameColumn(source: $0.source, kind: $0.kind, name: nil) }
        }
        return result
    }
}
