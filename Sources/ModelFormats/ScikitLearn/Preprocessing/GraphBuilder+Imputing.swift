internal import ModelIR
internal import TensorCore

/// `SimpleImputer` and `MissingIndicator`.
extension GraphBuilder {
    mutating func impute(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let place = estimator.path + ".statistics_"
        let statistics = try list(required(estimator, "statistics_"), place: place)
        guard statistics.count == frame.count else {
            throw ImportError(
                .malformed, at: place, found: "shape [\(statistics.count)]", expected: "[\(frame.count)]")
        }
        // Columns that were empty in training are dropped, except as the versions and the parameters say.
        let keepsEmpty =
            flag(estimator, "keep_empty_features", default: false)
            || (text(estimator, "strategy") == "constant" && !isAtLeast(1, 8))
        var kept: [Int] = []
        var kinds: [FrameKind] = []
        for (index, statistic) in statistics.enumerated() {
            if case .float(let value) = statistic, value.isNaN, !keepsEmpty { continue }
            kept.append(index)
            kinds.append(try kind(of: frame.columns[index], filledWith: statistic, place: "\(place)[\(index)]"))
        }
        try note(estimator, detail(estimator, kept: kept.count, of: frame.count))

        var result = Frame([])
        var start = 0
        while start < kept.count {
            var end = start + 1
            while end < kept.count, kinds[end] == kinds[start] { end += 1 }
            let columns = Array(kept[start..<end])
            let part = Frame(columns.map { frame.columns[$0] })
            let input = try matrix(part, as: kinds[start], path: estimator.path)
            let operation = try imputation(estimator, columns.map { statistics[$0] }, kind: kinds[start])
            let value = add(operation, [input], width: columns.count, path: estimator.path)
            result.columns +=
                Frame(value, width: columns.count, kind: kinds[start], names: part.columns.map(\.name)).columns
            start = end
        }
        guard flag(estimator, "add_indicator", default: false) else { return result }
        let indicator = try member("indicator_", of: estimator)
        result.columns += try indicate(indicator, frame, isInner: true).columns
        return result
    }

    private func detail(_ estimator: EstimatorRecord, kept: Int, of count: Int) -> String {
        let strategy = text(estimator, "strategy") ?? "mean"
        return "\(strategy), \(count) columns" + (kept < count ? ", \(count - kept) of them empty and dropped" : "")
    }

    /// A column holds what it is filled with.
    private func kind(
        of column: FrameColumn, filledWith statistic: PickleScalar, place: String
    ) throws(ImportError) -> FrameKind {
        switch statistic {
        case .text: return .text
        case .boolean, .integer: return .number
        // NaN here is a column that stays missing.
        case .float(let value): return value.isNaN && isText(column) ? .text : .number
        case .none, .other:
            throw ImportError(
                .unsupported, at: place, found: statistic.description, expected: "a number or text to fill in",
                remedy: "drop columns without any value before training")
        }
    }

    private func imputation(
        _ estimator: EstimatorRecord, _ statistics: [PickleScalar], kind: FrameKind
    ) throws(ImportError) -> Operator {
        let missing = try missingValue(estimator)
        switch kind {
        case .number:
            return .imputer(Imputer(replacements: statistics.map { $0.number ?? .nan }, missingValue: missing))
        case .text:
            guard missing.isNaN else { throw textMissingValue(estimator) }
            var replacements: [String] = []
            for (index, statistic) in statistics.enumerated() {
                guard case .text(let text) = statistic else {
                    throw ImportError(
                        .unsupported, at: "\(estimator.path).statistics_[\(index)]", found: statistic.description,
                        expected: "text to fill in")
                }
                replacements.append(text)
            }
            return .stringImputer(StringImputer(replacements: replacements))
        }
    }

    /// The number that counts as missing; NaN for NaN, None and pandas' NA, which all reach a server as null.
    private func missingValue(_ estimator: EstimatorRecord) throws(ImportError) -> Double {
        guard let value = attribute(estimator, "missing_values") else { return .nan }
        switch document.scalar(value) {
        case .none: return .nan
        case .text: throw textMissingValue(estimator)
        case .other:
            let text = document.describe(value)
            guard text.hasPrefix("pandas.") else {
                throw wrongType(value, place: estimator.path + ".missing_values", expected: "a number, None or NaN")
            }
            return .nan
        case let scalar: return scalar.number ?? .nan
        }
    }

    private func textMissingValue(_ estimator: EstimatorRecord) -> ImportError {
        ImportError(
            .unsupported, at: estimator.path + ".missing_values",
            found: attribute(estimator, "missing_values").map { document.describe($0) } ?? "a text",
            expected: "NaN or None for text columns",
            remedy: "replace that text by None before training, and send null")
    }

    /// One column a feature of `features_`, 1 where it is missing: an encoder whose one category is the missing value.
    mutating func indicate(
        _ indicator: EstimatorRecord, _ frame: Frame, isInner: Bool = false
    ) throws(ImportError) -> Frame {
        if !isInner, text(indicator, "features") != "all", flag(indicator, "error_on_new", default: true) {
            throw ImportError(
                .unsupported, at: indicator.path, found: "MissingIndicator(error_on_new=True)",
                expected: "one that answers for every record", remedy: "set error_on_new=False")
        }
        let place = indicator.path + ".features_"
        let missing = try missingValue(indicator)
        var result = Frame([])
        for scalar in try list(required(indicator, "features_"), place: place) {
            guard case .integer(let feature) = scalar, feature >= 0, feature < Int64(frame.count) else {
                throw ImportError(
                    .malformed, at: place, found: scalar.description, expected: "one of \(frame.count) columns")
            }
            let column = frame.columns[Int(feature)]
            let kind: FrameKind = isText(column) ? .text : .number
            let input = try matrix(Frame([column]), as: kind, path: indicator.path)
            let categories: OneHotEncoder.Categories = kind == .text ? .strings([nil]) : .numbers([missing])
            let encoder = OneHotEncoder(
                features: [
                    OneHotEncoder.Feature(categories: categories, indicators: [0], width: 1, infrequentIndicator: nil)
                ],
                unknown: .allZero)
            let value = add(.oneHotEncoder(encoder), [input], width: 1, path: indicator.path)
            result.columns += Frame(value, width: 1, kind: .number).columns
        }
        return result
    }
}
