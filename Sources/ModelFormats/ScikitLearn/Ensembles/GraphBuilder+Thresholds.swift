internal import ModelIR
internal import TensorCore

/// `FixedThresholdClassifier` and `TunedThresholdClassifierCV` (1.5), and classes that hand everything on.
extension GraphBuilder {
    /// The fitted estimator within: `estimator_`, or the prefitted `estimator`.
    func thresholdedEstimator(_ estimator: EstimatorRecord) throws(ImportError) -> EstimatorRecord {
        try member(attribute(estimator, "estimator_") == nil ? "estimator" : "estimator_", of: estimator)
    }

    /// The estimator within with another bound for its label: score >= threshold is the positive class.
    mutating func classifyByThreshold(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let inner = try thresholdedEstimator(estimator)
        var methods = try methods(inner, frame)
        let labels = try label(of: methods, inner).labels
        guard labels.count == 2 else {
            throw ImportError(
                .malformed, at: inner.path + ".classes_", found: "\(labels.count) classes", expected: "two")
        }
        let isFixed = estimator.className == "FixedThresholdClassifier"
        let positive = try isFixed ? fixedPositive(estimator, labels) : tunedPositive(estimator, labels)
        let response = text(estimator, "response_method") ?? "auto"
        var score: ValueID
        let isProbability: Bool
        if response != "decision_function", let value = methods.probabilities {
            score = add(.gatherColumns([positive]), [value], width: 1, path: path)
            isProbability = true
        } else if response != "predict_proba", let decision = methods.decision, decision.width == 1 {
            score = positive == 1 ? decision.value : divide(decision.value, by: -1, width: 1, path: path)
            isProbability = false
        } else {
            throw ImportError(
                .unsupported, at: path + ".response_method", found: "\"\(response)\" of \(inner.fullName)",
                expected: "a method that it has")
        }
        var threshold = try threshold(estimator, isFixed: isFixed, isProbability: isProbability)
        // NumPy narrows a number of Python's beside float32 ones, and widens these beside a number of its own, as the
        // tuned threshold is.
        if isFixed, isNarrow(score) { threshold = Double(Float(threshold)) }
        let label: ValueID
        if positive == 1 {
            label = add(.greater(threshold: threshold.nextDown), [score], width: 1, path: path)
        } else {
            // The second class is the negative one: score < threshold.
            score = divide(widened(score, width: 1, path: path), by: -1, width: 1, path: path)
            label = add(.greater(threshold: -threshold), [score], width: 1, path: path)
        }
        methods.prediction = .label(label, labels)
        try note(estimator, "from \(threshold) on")
        return methods
    }

    private func threshold(
        _ estimator: EstimatorRecord, isFixed: Bool, isProbability: Bool
    ) throws(ImportError) -> Double {
        let name = isFixed ? "threshold" : "best_threshold_"
        let value = try required(estimator, name)
        if isFixed, document.scalar(value) == .text("auto") { return isProbability ? 0.5 : 0 }
        guard let number = document.scalar(value).number, number.isFinite else {
            throw wrongType(value, place: "\(estimator.path).\(name)", expected: "a number")
        }
        return number
    }

    /// The place of `pos_label`; the second class if it is not given.
    private func fixedPositive(_ estimator: EstimatorRecord, _ labels: ClassLabels) throws(ImportError) -> Int {
        guard let value = attribute(estimator, "pos_label"), value != .none else { return 1 }
        return try place(of: value, among: labels, place: estimator.path + ".pos_label")
    }

    /// The scorer's `pos_label`. scikit-learn takes the default of the scorer's function, which is 1 or none.
    private func tunedPositive(_ estimator: EstimatorRecord, _ labels: ClassLabels) throws(ImportError) -> Int {
        let scorer = try member("_curve_scorer", of: estimator)
        if let pairs = attribute(scorer, "_kwargs").flatMap({ document.pairs($0) }),
            let value = document.lookUp("pos_label", in: pairs), value != .none
        {
            return try place(of: value, among: labels, place: scorer.path + "._kwargs")
        }
        // Only where 1 is the first class, the two defaults differ.
        guard labels.positions(of: .integers([1])) == [0] else { return 1 }
        let function = attribute(scorer, "_score_func").flatMap { document.global($0) }
        switch function.flatMap({ document.text($0.name) }) {
        case "f1_score", "fbeta_score", "precision_score", "recall_score", "jaccard_score", "average_precision_score":
            return 0
        case "accuracy_score", "balanced_accuracy_score", "matthews_corrcoef", "cohen_kappa_score", "roc_auc_score":
            return 1
        default:
            throw ImportError(
                .unsupported, at: scorer.path, found: "a scorer whose positive class the file does not tell",
                expected: "pos_label", remedy: "name pos_label in make_scorer")
        }
    }

    private func place(
        of value: PickleValue, among labels: ClassLabels, place: String
    ) throws(ImportError) -> Int {
        guard let label = ClassLabels(document.scalar(value)), let found = labels.positions(of: label)?.first else {
            throw wrongType(value, place: place, expected: "one of the classes")
        }
        return found
    }

    // MARK: Handing on

    /// `FrozenEstimator`, and `SelfTrainingClassifier`, whose estimator was `base_estimator_` before 1.6.
    func wrapped(_ estimator: EstimatorRecord) throws(ImportError) -> EstimatorRecord {
        guard estimator.className == "SelfTrainingClassifier" else { return try member("estimator", of: estimator) }
        return try member(
            attribute(estimator, "estimator_") == nil ? "base_estimator_" : "estimator_", of: estimator)
    }

    mutating func wrappedMethods(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        try note(estimator, "hands on")
        return try methods(wrapped(estimator), frame)
    }

    mutating func transformWrapped(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        try note(estimator, "hands on")
        return try transform(wrapped(estimator), frame)
    }
}
