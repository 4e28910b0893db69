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
        guard case .bytes(let slice)? = attribute(booster, "handle") else {
            throw ImportError(
                .malformed, at: "\(booster.path).handle", found: "nothing", expected: "the bytes of a trained model",
                remedy: "call fit before saving the model")
        }
        do throws(ImportError) {
            if slice.coding == .latin1 {
                return try xgboostModel(document.bytes.extracting(slice.range), booster, as: role, rounds: rounds)
            }
            guard let bytes = document.byteArray(slice) else {
                throw ImportError(.malformed, at: "byte 0", found: "text that is no bytes", expected: "a model")
            }
            return try xgboostModel(bytes.span, booster, as: role, rounds: rounds)
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
