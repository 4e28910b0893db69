internal import ModelIR
internal import TensorCore

/// `xgboost.core.Booster`, and the estimators around it.
extension GraphBuilder {
    mutating func xgboostMethods(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        var role = XGBoostModel.Role.booster
        if estimator.className != "Booster" {
            let isClassifier = estimator.className.hasSuffix("Classifier")
            var missing = scalarAttribute(estimator, "missing")?.number
            if missing?.isNaN == true { missing = nil }
            var limit: Int?
            if case .integer(let trees)? = scalarAttribute(estimator, "best_ntree_limit") {
                limit = Int(clamping: trees)
            }
            role = .estimator(
                XGBoostWrapper(
                    isClassifier: isClassifier, labels: isClassifier ? try xgboostLabels(estimator) : nil,
                    missingValue: missing, treeLimit: limit))
        }
        let model = try xgboostModel(estimator, as: role, rounds: takeIterationRange())
        try note(estimator, model.steps.map { "\($0.className): \($0.detail)" }.joined(separator: "; "))
        setProducer(model.producer, of: estimator)
        let input = try boosterInput(model.columns, frame, path: estimator.path)
        return model.methods(on: input, path: estimator.path, in: &self)
    }

    /// The model of a booster: its `handle` is what `Booster.serialize` wrote. Version 1.0 puts the old binary format
    /// there, between a mark with the length and the configuration.
    func xgboostModel(
        _ estimator: EstimatorRecord, as role: XGBoostModel.Role, rounds: Range<Int>?
    ) throws(ImportError) -> XGBoostModel {
        let booster = estimator.className == "Booster" ? estimator : try member("_Booster", of: estimator)
        return try withHandle(of: booster) { (bytes) throws(ImportError) in
            try xgboostModel(bytes, booster, as: role, rounds: rounds)
        }
    }

    /// What XGBoost calls `feature_importances_`: the mean gain of the splits of each feature, or how many there are,
    /// as fractions of their sum; nil where the file does not hold it.
    func xgboostImportances(of estimator: EstimatorRecord, count: Int) throws(ImportError) -> [Double]? {
        let kind = text(estimator, "importance_type") ?? "gain"
        guard ["gain", "total_gain", "weight"].contains(kind), text(estimator, "booster") != "gblinear" else {
            return nil
        }
        let booster = try member("_Booster", of: estimator)
        let trees = try withHandle(of: booster) { (bytes) throws(ImportError) in
            try XGBoostImporter.read(XGBoostImporter.withoutConfiguration(bytes), keepsGains: true).file.learner
                .boosterModel?.trees
        }
        guard let trees else { return nil }
        var gains = [Double](repeating: 0, count: count)
        var splits = [Double](repeating: 0, count: count)
        for tree in trees {
            guard let left = tree.leftChildren, let features = tree.features, let own = tree.gains,
                features.count == left.count, own.count == left.count
            else { return nil }
            for node in left.indices where left[node] >= 0 {
                guard features[node] >= 0, features[node] < count else { return nil }
                gains[Int(features[node])] += Double(own[node])
                splits[Int(features[node])] += 1
            }
        }
        if kind == "weight" { gains = splits }
        if kind == "gain" { for feature in 0..<count where splits[feature] > 0 { gains[feature] /= splits[feature] } }
        let total = gains.reduce(0, +)
        return total == 0 ? gains : gains.map { $0 / total }
    }

    /// Lends the bytes of a booster's model. Errors name it.
    private func withHandle<Result>(
        of booster: EstimatorRecord, _ body: (Span<UInt8>) throws(ImportError) -> Result
    ) throws(ImportError) -> Result {
        guard case .bytes(let slice)? = attribute(booster, "handle") else {
            throw ImportError(
                .malformed, at: "\(booster.path).handle", found: "nothing", expected: "the bytes of a trained model",
                remedy: "call fit before saving the model")
        }
        do throws(ImportError) {
            if slice.coding == .latin1 { return try body(document.bytes.extracting(slice.range)) }
            guard let bytes = document.byteArray(slice) else {
                throw ImportError(.malformed, at: "byte 0", found: "text that is no bytes", expected: "a model")
            }
            return try body(bytes.span)
        } catch {
            throw ImportError(
                error.kind, at: "\(booster.path).handle \(error.place)", found: error.found,
                expected: error.expected, remedy: error.remedy)
        }
    }

    private func xgboostModel(
        _ bytes: Span<UInt8>, _ booster: EstimatorRecord, as role: XGBoostModel.Role, rounds: Range<Int>?
    ) throws(ImportError) -> XGBoostModel {
        var file = try XGBoostImporter.read(XGBoostImporter.withoutConfiguration(bytes)).file
        // The old binary format has no names; its booster kept them in attributes of its own.
        if file.learner.featureNames.isEmpty, let value = attribute(booster, "feature_names"),
            let items = document.sequence(value)
        {
            for item in items {
                guard case .text(let name) = document.scalar(item) else {
                    return try XGBoostModel(file, as: role, rounds: rounds)
                }
                file.learner.featureNames.append(name)
            }
            // Made up by the library for data without names.
            let isMadeUp = file.learner.featureNames.enumerated().allSatisfy { $0.element == "f\($0.offset)" }
            if isMadeUp { file.learner.featureNames = [] }
        }
        return try XGBoostModel(file, as: role, rounds: rounds)
    }

    /// The classes: `classes_`, or the label encoder's up to version 1.5; from 2.0 the numbers below `n_classes_`.
    private mutating func xgboostLabels(_ estimator: EstimatorRecord) throws(ImportError) -> ClassLabels? {
        if let classes = attribute(estimator, "classes_"), classes != .none { return try classLabels(estimator) }
        if let encoder = attribute(estimator, "_le"), encoder != .none {
            return try classLabels(member("_le", of: estimator))
        }
        return nil
    }
}
