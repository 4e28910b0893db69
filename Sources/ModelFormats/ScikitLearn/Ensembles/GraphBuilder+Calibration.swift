internal import ModelIR
internal import TensorCore

/// `CalibratedClassifierCV` and `IsotonicRegression`.
extension GraphBuilder {
    /// One calibrated classifier within: an estimator, and a calibrator for each column of its scores.
    func calibratedParts(_ estimator: EstimatorRecord) throws(ImportError) -> [EstimatorRecord] {
        var parts: [EstimatorRecord] = []
        for calibrated in try members("calibrated_classifiers_", of: estimator) {
            parts.append(try calibratedEstimator(calibrated))
        }
        return parts
    }

    /// `base_estimator` before 1.2.
    private func calibratedEstimator(_ calibrated: EstimatorRecord) throws(ImportError) -> EstimatorRecord {
        try member(attribute(calibrated, "estimator") == nil ? "base_estimator" : "estimator", of: calibrated)
    }

    /// The mean of the calibrated classifiers' probabilities.
    mutating func calibrate(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        let members = try members("calibrated_classifiers_", of: estimator)
        guard labels.count >= 2 else {
            throw ImportError(
                .malformed, at: path + ".classes_", found: "\(labels.count) classes", expected: "at least two")
        }
        try note(
            estimator,
            "\(text(estimator, "method") ?? "sigmoid"), \(members.count) classifiers, \(labels.count) classes")
        var terms: [ValueID] = []
        for (index, member) in members.enumerated() {
            let told = stepCount
            try spend(frame.count, path: member.path)
            terms.append(try calibrated(member, frame, labels: labels))
            if index > 0 { dropSteps(after: told) }
        }
        let mean = Combination(count: terms.count, divisor: Double(terms.count))
        let probabilities = add(.combination(mean), terms, width: labels.count, path: path)
        let label = add(.argMax, [probabilities], width: 1, path: path)
        return EstimatorMethods(prediction: .label(label, labels), probabilities: probabilities)
    }

    private mutating func calibrated(
        _ calibrated: EstimatorRecord, _ frame: Frame, labels: ClassLabels
    ) throws(ImportError) -> ValueID {
        let path = calibrated.path
        let count = labels.count
        let base = try calibratedEstimator(calibrated)
        let methods = widened(try methods(base, frame), path: path)
        let own = try label(of: methods, base).labels
        // For temperature scaling the classes are encoded before the members are fitted.
        let isTemperature = text(calibrated, "method") == "temperature"
        let encoded = isTemperature && own.count == count ? own.codes(below: count) : nil
        guard let places = labels.positions(of: own) ?? encoded else { throw foreignLabels(base) }
        // The library takes the single score of two classes for the first of them where there are more around it.
        guard own.count == count || own.count > 2 else {
            throw ImportError(
                .unsupported, at: base.path + ".classes_", found: "\(own.count) of \(count) classes",
                expected: "at least three, or all of them",
                remedy: "fit it again with folds that hold every class (a StratifiedKFold)")
        }
        var scores: EstimatorMethods.Numbers
        if let decision = methods.decision {
            scores = decision
        } else {
            let value = try probabilities(of: methods, base).value
            scores = EstimatorMethods.Numbers(value: value, width: own.count)
            if own.count == 2, !isTemperature {
                scores = EstimatorMethods.Numbers(
                    value: add(.gatherColumns([1]), [value], width: 1, path: path), width: 1)
            }
        }
        let isProbability = methods.decision == nil
        let name = attribute(calibrated, "calibrators") == nil ? "calibrators_" : "calibrators"
        let calibrators = try members(name, of: calibrated)
        if calibrators.first?.className == "_TemperatureScaling" {
            guard places == Array(0..<count) else { throw foreignLabels(base) }
            return try temperate(scores, calibrators[0], isProbability: isProbability, path: path)
        }
        guard calibrators.count == scores.width, scores.width == (count == 2 ? 1 : own.count) else {
            throw ImportError(
                .malformed, at: "\(path).\(name)", found: "\(calibrators.count) calibrators",
                expected: "one for each of \(scores.width) scores")
        }
        let columns = try calibrate(scores, with: calibrators, path: path)
        if count == 2 { return add(.binaryProbabilities, [columns], width: 2, path: path) }
        let all = try spread(columns, to: places, of: count, path: path)
        return add(.activation(.normalizeSumOrUniform), [all], width: count, path: path)
    }

    /// `_SigmoidCalibration`: expit(-(a_ x + b_)). `IsotonicRegression`: interpolation.
    private mutating func calibrate(
        _ scores: EstimatorMethods.Numbers, with calibrators: [EstimatorRecord], path: String
    ) throws(ImportError) -> ValueID {
        switch calibrators[0].className {
        case "_SigmoidCalibration":
            var scale: [Double] = []
            var offset: [Double] = []
            for calibrator in calibrators {
                let slope = try numbers(calibrator, "a_").values
                let intercept = try numbers(calibrator, "b_").values
                guard slope.count == 1, intercept.count == 1 else {
                    throw ImportError(
                        .malformed, at: calibrator.path, found: "\(slope.count) slopes", expected: "one number each")
                }
                scale.append(-slope[0])
                offset.append(-intercept[0])
            }
            let scaler = Scaler(form: .multiplyAdd, offset: offset, scale: scale)
            let line = add(.scaler(scaler), [scores.value], width: scores.width, path: path)
            return add(.activation(.logistic), [line], width: scores.width, path: path)
        case "IsotonicRegression":
            var curves: [Interpolation.Curve] = []
            var isNarrow = true
            for calibrator in calibrators {
                let (curve, isOfFloats) = try curve(calibrator)
                curves.append(curve)
                isNarrow = isNarrow && isOfFloats
            }
            let interpolation = Interpolation(curves: curves)
            let value = add(.interpolation(interpolation), [scores.value], width: scores.width, path: path)
            return isNarrow ? add(.elementwise(.float32), [value], width: scores.width, path: path) : value
        default:
            throw ImportError(
                .unsupported, at: calibrators[0].path, found: calibrators[0].fullName,
                expected: "sigmoid, isotonic or temperature calibration")
        }
    }

    /// softmax(beta_ · logits), since 1.8. Logits are the logarithms of probabilities, or decisions, of which a single
    /// one d stands for [-d, d].
    private mutating func temperate(
        _ scores: EstimatorMethods.Numbers, _ calibrator: EstimatorRecord, isProbability: Bool, path: String
    ) throws(ImportError) -> ValueID {
        let beta = try numbers(calibrator, "beta_").values
        guard beta.count == 1 else {
            throw ImportError(
                .malformed, at: calibrator.path + ".beta_", found: "\(beta.count) numbers", expected: "one number")
        }
        let width = max(scores.width, 2)
        let zeros = [Double](repeating: 0, count: width)
        var logits = scores.value
        if isProbability {
            let shift = Scaler(
                form: .multiplyAdd, offset: [Double](repeating: 1e-12, count: width),
                scale: [Double](repeating: 1, count: width))
            let shifted = add(.scaler(shift), [logits], width: width, path: path)
            logits = add(.elementwise(.log), [shifted], width: width, path: path)
        } else if scores.width == 1 {
            logits = mirrored(logits, path: path)
        }
        let scaler = Scaler(form: .multiplyAdd, offset: zeros, scale: [Double](repeating: beta[0], count: width))
        let scaled = add(.scaler(scaler), [logits], width: width, path: path)
        return add(.activation(.softmax), [scaled], width: width, path: path)
    }

    // MARK: Isotonic regression

    mutating func regressIsotonically(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        guard frame.count == 1 else {
            throw ImportError(.malformed, at: path, found: "\(frame.count) columns", expected: "one")
        }
        let (curve, isNarrow) = try curve(estimator)
        let checked = try numberFrame(frame, isFinite: true, path: path)
        var value = try matrix(checked, as: .number, path: path)
        if isNarrow { value = add(.elementwise(.float32), [value], width: 1, path: path) }
        value = add(.interpolation(Interpolation(curves: [curve])), [value], width: 1, path: path)
        if isNarrow { value = add(.elementwise(.float32), [value], width: 1, path: path) }
        try note(estimator, "\(curve.x.count) thresholds")
        return EstimatorMethods(
            prediction: .numbers(value, width: 1, isVector: false),
            transformed: EstimatorMethods.Numbers(value: value, width: 1))
    }

    /// `X_thresholds_` and `y_thresholds_`, `_necessary_X_` and `_necessary_y_` before 0.24; fitted on float32 numbers
    /// it answers in float32.
    private mutating func curve(
        _ estimator: EstimatorRecord
    ) throws(ImportError) -> (curve: Interpolation.Curve, isNarrow: Bool) {
        let isOld = attribute(estimator, "X_thresholds_") == nil
        let name = isOld ? "_necessary_X_" : "X_thresholds_"
        let thresholds = try required(estimator, name)
        let x = try numbers(thresholds, place: "\(estimator.path).\(name)")
        let y = try numbers(estimator, isOld ? "_necessary_y_" : "y_thresholds_")
        let isNarrow = document.array(thresholds)?.dataType.description == "float32"
        guard x.shape.rank == 1, !x.values.isEmpty, y.shape == x.shape,
            zip(x.values, x.values.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            throw ImportError(
                .malformed, at: "\(estimator.path).\(name)", found: "shapes \(x.shape) and \(y.shape)",
                expected: "as many values as thresholds, and those in ascending order")
        }
        switch text(estimator, "out_of_bounds") {
        case "clip": return (Interpolation.Curve(x: x.values, y: y.values, outside: .nearest), isNarrow)
        case "nan": return (Interpolation.Curve(x: x.values, y: y.values, outside: .missing), isNarrow)
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".out_of_bounds",
                found: text(estimator, "out_of_bounds").map { "\"\($0)\"" } ?? "nothing", expected: "nan or clip",
                remedy: "set out_of_bounds to \"clip\" or \"nan\" and save again")
        }
    }
}
