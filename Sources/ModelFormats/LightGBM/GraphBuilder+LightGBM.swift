internal import ModelIR
internal import TensorCore

/// `lightgbm.Booster`, and the estimators around it.
extension GraphBuilder {
    mutating func lightgbmMethods(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let model = try lightgbmModel(estimator, rounds: takeIterationRange())
        try note(estimator, model.steps(path: "").map { "\($0.className): \($0.detail)" }.joined(separator: "; "))
        setProducer("LightGBM \(model.version)", of: estimator)
        let input = try boosterInput(model.columns, frame, path: estimator.path)
        describe(frame.columns) { $0.takesBlanksForUnderscores = true }
        let role: BoosterRole
        switch estimator.className {
        case "Booster": role = .booster
        case "LGBMClassifier": role = .classifier(try lightgbmLabels(estimator))
        default: role = .regressor
        }
        var methods = try model.methods(on: input, as: role, path: estimator.path, in: &self)
        // LightGBM 4.7 gave classifiers a decision_function, their margin, which estimators around them then prefer to
        // the probabilities; it is told by an attribute that came with it.
        if estimator.className == "LGBMClassifier", attribute(estimator, "_fitted_with_feature_names") != nil,
            let margin = methods.others.first(where: { $0.name == BoosterOutput.marginName })
        {
            methods.decision = EstimatorMethods.Numbers(value: margin.value, width: model.ensemble.groupCount)
        }
        return methods
    }

    /// The model text of a booster, which versions 2 and 3 keep as `handle` and 4 as `_handle`, up to its best round.
    func lightgbmModel(
        _ estimator: EstimatorRecord, rounds: Range<Int>?
    ) throws(ImportError) -> LightGBMModel {
        let booster =
            estimator.className == "Booster" ? estimator : try member("_Booster", of: estimator)
        let best = bestRound(of: booster)
        return try withHandle(of: booster) { (text) throws(ImportError) in
            try LightGBMModel(text, bestRound: best, rounds: rounds)
        }
    }

    /// What LightGBM calls `feature_importances_`: how often each feature splits; nil where the file does not hold
    /// it, as for gains, and for the trees up to a best round.
    func lightgbmImportances(of estimator: EstimatorRecord, count: Int) throws(ImportError) -> [Double]? {
        let booster = try member("_Booster", of: estimator)
        guard (text(estimator, "importance_type") ?? "split") == "split", bestRound(of: booster) == nil else {
            return nil
        }
        let file = try withHandle(of: booster) { (text) throws(ImportError) in try LightGBMFile(text) }
        let names = file.header.featureNames
        guard names.count == count, Set(names).count == count, let counts = file.splitCounts else { return nil }
        return names.map { Double(counts[$0] ?? 0) }
    }

    /// Rounds up to the one where the training stopped early; nil for all.
    private func bestRound(of booster: EstimatorRecord) -> Int? {
        guard case .integer(let rounds)? = scalarAttribute(booster, "best_iteration"), rounds > 0 else { return nil }
        return Int(clamping: rounds)
    }

    /// Lends the text of a booster's model. Errors name it.
    private func withHandle<Result>(
        of booster: EstimatorRecord, _ body: (consuming LightGBMText) throws(ImportError) -> Result
    ) throws(ImportError) -> Result {
        for name in ["_handle", "handle"] {
            guard case .text(let slice)? = attribute(booster, name) else { continue }
            do throws(ImportError) {
                if slice.coding == .utf8 { return try body(LightGBMText(document.bytes.extracting(slice.range))) }
                guard let text = document.text(slice) else {
                    throw ImportError(.malformed, at: name, found: "text that is not Unicode", expected: "a model")
                }
                return try body(LightGBMText(Array(text.utf8).span))
            } catch {
                throw ImportError(
                    error.kind, at: "\(booster.path).\(name) \(error.place)", found: error.found,
                    expected: error.expected, remedy: error.remedy)
            }
        }
        throw ImportError(
            .malformed, at: "\(booster.path).handle", found: "nothing", expected: "the text of a trained model",
            remedy: "call fit before saving the model")
    }

    private mutating func lightgbmLabels(_ estimator: EstimatorRecord) throws(ImportError) -> ClassLabels {
        try classLabels(member("_le", of: estimator))
    }
}
