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
        let encoders = document.sequence(value)
        var targets: [ClassLabels] = []
        for (index, encoder) in (encoders ?? [value]).enumerated() {
            try spend(1, path: estimator.path)
            let place = encoders == nil ? name : "\(name)[\(index)]"
            targets.append(try classLabels(member(encoder, named: place, of: estimator)))
        }
        // What the library calls the number of classes is that of the targets, where there are several.
        let isBinary = (encoders == nil ? targets[0].count : targets.count) == 2
        let names = try stackMethods(estimator)
        let members = try members("estimators_", of: estimator)
        guard names.count == members.count else {
            throw ImportError(
                .malformed, at: estimator.path + ".stack_method_", found: "\(names.count) methods",
                expected: "\(members.count)")
        }
        try note(
            estimator,
            "\(members.count) members, "
                + (encoders == nil ? "\(targets[0].count) classes" : "\(targets.count) targets"))
        let methods = try methods(of: members, frame, toldMax: members.count)
        var features: [EstimatorMethods.Numbers] = []
        for (index, member) in members.enumerated() {
            features +=
                try encoders == nil
                ? [stackFeature(methods[index], names[index], member, isBinary: isBinary)]
                : stackFeatures(methods[index], names[index], member, isBinary: isBinary)
        }
        let stacked = try stack(features, frame, estimator)
        let final = try member("final_estimator_", of: estimator)
        var result = try self.methods(final, stacked)
        if encoders == nil {
            let (label, codes) = try self.label(of: result, final)
            guard let places = codes.codes(below: targets[0].count) else { throw foreignLabels(final) }
            result.prediction = .label(label, targets[0].picked(places))
        } else {
            try decode(&result, of: final, as: targets)
        }
        result.transformed = try transformed(stacked, estimator)
        return result
    }

    /// Puts the targets' own labels in place of the codes that the final estimator was fitted on.
    private func decode(
        _ result: inout EstimatorMethods, of final: EstimatorRecord, as targets: [ClassLabels]
    ) throws(ImportError) {
        guard case .labels(let value, let codes) = result.prediction, codes.count == targets.count else {
            throw ImportError(
                .unsupported, at: final.path, found: final.fullName,
                expected: "a classifier of \(targets.count) targets")
        }
        var labels: [ClassLabels] = []
        for (target, codes) in zip(targets, codes) {
            guard let places = codes.codes(below: target.count) else { throw foreignLabels(final) }
            labels.append(target.picked(places))
        }
        result.prediction = .labels(value, labels)
        // scikit-learn takes them apart as a list of one array a target, which one array for all is not.
        if result.labelProbabilities != nil { result.probabilities = nil }
        result.labelProbabilities = nil
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

    /// The like of a member of several targets: of each target's probabilities all but the first, or, where the member
    /// gives the probabilities of all labels as one array, that array, of which the first column goes if it has two.
    private mutating func stackFeatures(
        _ methods: EstimatorMethods, _ name: String, _ member: EstimatorRecord, isBinary: Bool
    ) throws(ImportError) -> [EstimatorMethods.Numbers] {
        guard case .labels(let value, let targets) = methods.prediction else {
            return [try stackFeature(methods, name, member, isBinary: isBinary)]
        }
        switch name {
        case "predict_proba":
            if let whole = methods.labelProbabilities {
                guard isBinary, whole.width == 2 else { return [whole] }
                let second = add(.gatherColumns([1]), [whole.value], width: 1, path: member.path)
                return [EstimatorMethods.Numbers(value: second, width: 1)]
            }
            guard let probabilities = methods.probabilities else { break }
            var columns: [Int] = []
            var first = 0
            for target in targets {
                columns += first + 1..<first + target.count
                first += target.count
            }
            guard !columns.isEmpty else { return [] }
            let rest = add(.gatherColumns(columns), [probabilities], width: columns.count, path: member.path)
            return [EstimatorMethods.Numbers(value: rest, width: columns.count)]
        case "predict":
            var features: [EstimatorMethods.Numbers] = []
            for (label, target) in zip(joinedValues(value), targets) {
                guard let numbers = target.numbers else { break }
                let number = add(.classValue(numbers), [label], width: 1, path: member.path)
                features.append(EstimatorMethods.Numbers(value: number, width: 1))
            }
            if features.count == targets.count { return features }
        default: if let decision = methods.decision { return [decision] }
        }
        throw ImportError(
            .unsupported, at: member.path, found: "the method \(name) of \(member.fullName)",
            expected: "predict_proba, decision_function or predict, of numbers")
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
