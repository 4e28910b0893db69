internal import ModelIR
internal import TensorCore

/// Feature selectors: which columns they keep is worked out once, here.
extension GraphBuilder {
    mutating func selectFeatures(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let support = try supportMask(estimator, count: frame.count)
        guard support.count == frame.count else {
            throw ImportError(
                .malformed, at: estimator.path, found: "\(support.count) scores", expected: "\(frame.count)")
        }
        let kept = support.indices.filter { support[$0] }
        try note(estimator, "\(kept.count) of \(frame.count) columns")
        guard !kept.isEmpty else {
            throw ImportError(
                .unsupported, at: estimator.path, found: "no column selected", expected: "at least one",
                remedy: "the selection was too strict for the training data; relax it")
        }
        let checked = acceptsMissing(estimator) ? frame : try refuseMissing(frame, path: estimator.path)
        var result = Frame(kept.map { checked.columns[$0] })
        result.isSparse = frame.isSparse
        return result
    }

    /// Whether the selector lets missing values through: as its estimator does.
    private func acceptsMissing(_ estimator: EstimatorRecord) -> Bool {
        if estimator.className == "VarianceThreshold" { return true }
        for name in ["estimator_", "estimator"] {
            guard let value = attribute(estimator, name),
                let inner = self.estimator(value, path: estimator.path, depth: estimator.depth)
            else { continue }
            let tolerant = ["HistGradient", "Forest", "Tree", "Bagging", "XGB", "LGBM", "CatBoost", "Pipeline"]
            return tolerant.contains { inner.className.contains($0) }
        }
        return false
    }

    private mutating func supportMask(_ estimator: EstimatorRecord, count: Int) throws(ImportError) -> [Bool] {
        let path = estimator.path
        switch estimator.className {
        case "SelectKBest":
            let value = attribute(estimator, "k") ?? .none
            return try best(estimator, try size(value, count: count, place: path + ".k"))
        case "SelectPercentile":
            return try percentile(estimator, try scalarNumber(estimator, "percentile", default: 10))
        case "SelectFpr": return try smallest(estimator, scalarNumber(estimator, "alpha", default: 0.05), "fpr")
        case "SelectFdr": return try smallest(estimator, scalarNumber(estimator, "alpha", default: 0.05), "fdr")
        case "SelectFwe": return try smallest(estimator, scalarNumber(estimator, "alpha", default: 0.05), "fwe")
        case "GenericUnivariateSelect":
            let parameter = attribute(estimator, "param") ?? .none
            switch text(estimator, "mode") ?? "percentile" {
            case "k_best": return try best(estimator, try size(parameter, count: count, place: path + ".param"))
            case "percentile": return try percentile(estimator, try scalarNumber(estimator, "param", default: 1e-5))
            case let mode where ["fpr", "fdr", "fwe"].contains(mode):
                return try smallest(estimator, scalarNumber(estimator, "param", default: 1e-5), mode)
            case let mode:
                throw ImportError(
                    .unsupported, at: path + ".mode", found: "\"\(mode)\"",
                    expected: "k_best, percentile, fpr, fdr or fwe")
            }
        case "VarianceThreshold":
            let threshold = try scalarNumber(estimator, "threshold", default: 0)
            return try vector(estimator, "variances_", count: count).map { $0 > threshold }
        case "SelectFromModel": return try importanceMask(estimator, count: count)
        default:
            let place = path + ".support_"
            var mask: [Bool] = []
            for scalar in try list(required(estimator, "support_"), place: place) {
                guard case .boolean(let isKept) = scalar else {
                    throw ImportError(.malformed, at: place, found: scalar.description, expected: "True or False")
                }
                mask.append(isKept)
            }
            return mask
        }
    }

    // MARK: Scores and p-values

    /// `k`: a number or "all".
    private func size(_ value: PickleValue, count: Int, place: String) throws(ImportError) -> Int {
        switch document.scalar(value) {
        case .text("all"): return count
        case .integer(let size) where size >= 0: return Int(min(size, Int64(count)))
        default: throw wrongType(value, place: place, expected: "a whole number or \"all\"")
        }
    }

    /// NaN is the worst score.
    private mutating func scores(_ estimator: EstimatorRecord) throws(ImportError) -> [Double] {
        try numbers(estimator, "scores_").values.map { $0.isNaN ? -.greatestFiniteMagnitude : $0 }
    }

    /// The last `size` of a stable ascending sort: of equal scores the later columns.
    private mutating func best(_ estimator: EstimatorRecord, _ size: Int) throws(ImportError) -> [Bool] {
        let scores = try scores(estimator)
        let order = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] < scores[$1] : $0 < $1 }
        var mask = [Bool](repeating: false, count: scores.count)
        for index in order.suffix(size) { mask[index] = true }
        return mask
    }

    /// Above the percentile, and of those on it as many of the first ones as make the number full.
    private mutating func percentile(_ estimator: EstimatorRecord, _ percentile: Double) throws(ImportError) -> [Bool] {
        let scores = try scores(estimator)
        guard percentile >= 0, percentile <= 100 else {
            throw ImportError(
                .malformed, at: estimator.path + ".percentile", found: "\(percentile)", expected: "0 to 100")
        }
        if percentile == 100 || percentile == 0 || scores.isEmpty {
            return [Bool](repeating: percentile == 100, count: scores.count)
        }
        // numpy.percentile, with its linear interpolation.
        let sorted = scores.sorted()
        let virtual = Double(sorted.count - 1) * ((100 - percentile) / 100)
        let lower = Int(virtual.rounded(.down))
        let upper = min(lower + 1, sorted.count - 1)
        let part = virtual - Double(lower)
        let difference = sorted[upper] - sorted[lower]
        let threshold = part < 0.5 ? sorted[lower] + difference * part : sorted[upper] - difference * (1 - part)
        var mask = scores.map { $0 > threshold }
        let room = Int(Double(scores.count) * percentile / 100) - mask.count { $0 }
        for index in scores.indices.filter({ scores[$0] == threshold }).prefix(max(0, room)) { mask[index] = true }
        return mask
    }

    /// By the p-values, with a bound on false positives, on the false discovery rate, or on the family-wise error.
    private mutating func smallest(
        _ estimator: EstimatorRecord, _ alpha: Double, _ mode: String
    ) throws(ImportError) -> [Bool] {
        let values = try numbers(estimator, "pvalues_").values
        let count = Double(values.count)
        switch mode {
        case "fpr": return values.map { $0 < alpha }
        case "fwe": return values.map { $0 < alpha / count }
        default:
            // NumPy sorts NaN to the end; none is at most a bound.
            let sorted = values.filter { !$0.isNaN }.sorted()
            var largest: Double?
            for (index, value) in sorted.enumerated() where value <= alpha / count * Double(index + 1) {
                largest = value
            }
            return values.map { value in largest.map { value <= $0 } ?? false }
        }
    }

    // MARK: Importances

    private mutating func importanceMask(_ selector: EstimatorRecord, count: Int) throws(ImportError) -> [Bool] {
        let path = selector.path
        let model = try member(attribute(selector, "estimator_") == nil ? "estimator" : "estimator_", of: selector)
        var ofTrees: (values: [Double], precision: Double)?
        if attribute(model, "coef_") == nil, names(importances: "feature_importances_", of: selector) {
            ofTrees = try fittedImportances(of: model, count: count)
        }
        let importances: [Double]
        if let ofTrees {
            importances = ofTrees.values
        } else {
            importances = try self.importances(of: model, selector, count: count)
        }
        let threshold = try threshold(selector, model, importances)
        var mask = [Bool](repeating: true, count: count)
        var mostCount: Int?
        if let value = attribute(selector, "max_features"), value != .none {
            let limit: Int
            if attribute(selector, "max_features_") != nil {
                limit = try self.count(selector, "max_features_")
            } else {
                limit = try size(value, count: count, place: path + ".max_features")
            }
            mostCount = limit
            // A stable sort of the negated importances: of equal ones the earlier columns.
            let order = importances.indices.sorted {
                importances[$0] != importances[$1] ? importances[$0] > importances[$1] : $0 < $1
            }
            mask = [Bool](repeating: false, count: count)
            for index in order.prefix(limit) { mask[index] = true }
        }
        if let precision = ofTrees?.precision {
            try checkDecided(importances, threshold: threshold, limit: mostCount, precision: precision, selector)
        }
        for index in mask.indices where importances[index] < threshold { mask[index] = false }
        return mask
    }

    /// Whether the selector takes this attribute of its model, by its name or on its own.
    private func names(importances name: String, of selector: EstimatorRecord) -> Bool {
        switch attribute(selector, "importance_getter").map({ document.scalar($0) }) ?? .text("auto") {
        case .text(let getter): getter == "auto" || getter == name
        default: false
        }
    }

    private mutating func importances(
        of model: EstimatorRecord, _ selector: EstimatorRecord, count: Int
    ) throws(ImportError) -> [Double] {
        let getter = attribute(selector, "importance_getter").map { document.scalar($0) } ?? .text("auto")
        var name = "coef_"
        switch getter {
        case .text("auto"): break
        case .text(let other): name = other
        default:
            throw ImportError(
                .unsupported, at: selector.path + ".importance_getter", found: "a function", expected: "\"auto\"",
                remedy: "a function that is code is not run; name an attribute of the model")
        }
        guard attribute(model, name) != nil else {
            throw ImportError(
                .unsupported, at: "\(model.path).\(name)", found: "a \(model.className) without it",
                expected:
                    "a linear model, whose file tells its coefficients, a tree, a forest, or a booster of XGBoost "
                    + "or LightGBM with the importances it has by default",
                remedy: "select by SelectKBest, RFE or SequentialFeatureSelector, or drop the columns before training")
        }
        let coefficients = try numbers(model, name)
        if coefficients.shape.extents == [count] { return coefficients.values.map { abs($0) } }
        guard coefficients.shape.rank == 2, coefficients.shape.extents[1] == count else {
            throw ImportError(
                .malformed, at: "\(model.path).\(name)", found: "shape \(coefficients.shape)", expected: "[\(count)]")
        }
        let order = try scalarNumber(selector, "norm_order", default: 1)
        guard order == 1 || order == 2 || order == .infinity else {
            throw ImportError(
                .unsupported, at: selector.path + ".norm_order", found: "\(order)", expected: "1, 2 or infinity")
        }
        var result = [Double](repeating: 0, count: count)
        for (index, value) in coefficients.values.enumerated() {
            let column = index % count
            switch order {
            case 1: result[column] += abs(value)
            case 2: result[column] += value * value
            default: result[column] = max(result[column], abs(value))
            }
        }
        return order == 2 ? result.map { $0.squareRoot() } : result
    }

    /// A number, or "mean" or "median", which a factor may precede. Without one it is the mean, and 1e-5 for models
    /// with an L1 penalty.
    private func threshold(
        _ selector: EstimatorRecord, _ model: EstimatorRecord, _ importances: [Double]
    ) throws(ImportError) -> Double {
        let place = selector.path + ".threshold"
        let value = attribute(selector, "threshold") ?? .none
        var name = "mean"
        switch document.scalar(value) {
        case .none: if isSparseModel(model) { return 1e-5 }
        case .text(let text): name = text
        case let scalar:
            guard let number = scalar.number else { throw wrongType(value, place: place, expected: "a number") }
            return number
        }
        var factor = 1.0
        var reference = name
        if let star = name.firstIndex(of: "*") {
            guard let number = Double(name[..<star].filter { $0 != " " }) else {
                throw wrongType(value, place: place, expected: "a number before the *")
            }
            factor = number
            reference = name[name.index(after: star)...].filter { $0 != " " }
        }
        let sorted = importances.sorted()
        guard !sorted.isEmpty else { return 0 }
        switch reference {
        case "mean": return factor * (NumPySum.of(importances[...]) / Double(importances.count))
        case "median":
            let middle = sorted.count / 2
            return factor * (sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2)
        default: throw wrongType(value, place: place, expected: "mean or median")
        }
    }

    private func isSparseModel(_ model: EstimatorRecord) -> Bool {
        if text(model, "penalty") == "l1" || model.className.contains("Lasso") { return true }
        let ratio = scalarAttribute(model, model.className.hasSuffix("CV") ? "l1_ratio_" : "l1_ratio")?.number
        let isElastic = ["ElasticNet", "ElasticNetCV"].contains(model.className)
        // Logistic regression tells its penalty by the ratio since 1.8.
        let isLogistic = model.className.hasPrefix("LogisticRegression") && isAtLeast(1, 8)
        return (isElastic || isLogistic) && ratio.map { abs($0 - 1) <= 1e-8 + 1e-5 } == true
    }

    // MARK: Recursive elimination

    /// The selected columns go to the inner estimator.
    mutating func eliminationMethods(
        _ selector: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let selected = try selectFeatures(selector, frame)
        var methods = try methods(member("estimator_", of: selector), selected)
        let value = try matrix(selected, as: .number, path: selector.path)
        methods.transformed = EstimatorMethods.Numbers(value: value, width: selected.count)
        methods.scores = nil
        return methods
    }
}
