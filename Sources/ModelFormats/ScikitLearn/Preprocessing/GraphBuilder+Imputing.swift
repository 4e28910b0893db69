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
        switch (kind, try missingMark(estimator)) {
        case (.number, .number(let missing)):
            return .imputer(Imputer(replacements: statistics.map { $0.number ?? .nan }, missingValue: missing))
        case (.number, .text):
            throw otherMissingValue(estimator, expected: "a number, None or NaN for columns of numbers")
        case (.text, let mark):
            var replacements: [String] = []
            for (index, statistic) in statistics.enumerated() {
                guard case .text(let text) = statistic else {
                    throw ImportError(
                        .unsupported, at: "\(estimator.path).statistics_[\(index)]", found: statistic.description,
                        expected: "text to fill in")
                }
                replacements.append(text)
            }
            return .stringImputer(
                StringImputer(replacements: replacements, missingText: try missingText(mark, estimator)))
        }
    }

    /// What counts as missing.
    enum MissingMark {
        /// NaN stands for NaN, None and pandas' NA, which all reach a server as null.
        case number(Double)
        case text(String)
    }

    /// The attribute `missing_values`.
    func missingMark(_ estimator: EstimatorRecord) throws(ImportError) -> MissingMark {
        guard let value = attribute(estimator, "missing_values") else { return .number(.nan) }
        switch document.scalar(value) {
        case .none: return .number(.nan)
        case .text(let text): return .text(text)
        case .other:
            let text = document.describe(value)
            guard text.hasPrefix("pandas.") else {
                throw wrongType(value, place: estimator.path + ".missing_values", expected: "a number, text or NaN")
            }
            return .number(.nan)
        case let scalar: return .number(scalar.number ?? .nan)
        }
    }

    /// The text that counts as missing in text columns; nil for the missing value.
    private func missingText(_ mark: MissingMark, _ estimator: EstimatorRecord) throws(ImportError) -> String? {
        switch mark {
        case .text(let text): return text
        case .number(let number):
            guard number.isNaN else {
                throw otherMissingValue(estimator, expected: "NaN, None or text for text columns")
            }
            return nil
        }
    }

    private func otherMissingValue(_ estimator: EstimatorRecord, expected: String) -> ImportError {
        ImportError(
            .unsupported, at: estimator.path + ".missing_values",
            found: attribute(estimator, "missing_values").map { document.describe($0) } ?? "a text",
            expected: expected, remedy: "replace that value by None before training, and send null")
    }

    /// The number that counts as missing in columns of numbers.
    func missingNumber(_ estimator: EstimatorRecord) throws(ImportError) -> Double {
        guard case .number(let number) = try missingMark(estimator) else {
            throw otherMissingValue(estimator, expected: "a number or NaN")
        }
        return number
    }

    /// One column a feature of `features_`, 1 where it is missing: an encoder whose one category is the missing value.
    mutating func indicate(
        _ indicator: EstimatorRecord, _ frame: Frame, isInner: Bool = false
    ) throws(ImportError) -> Frame {
        let place = indicator.path + ".features_"
        let mark = try missingMark(indicator)
        let features = try list(required(indicator, "features_"), place: place)
        // A value that is missing where none was in training is refused, unless told otherwise.
        var checked: [FrameColumn] = []
        if !isInner, text(indicator, "features") != "all", flag(indicator, "error_on_new", default: true) {
            guard case .number(let number) = mark, number.isNaN else {
                throw ImportError(
                    .unsupported, at: indicator.path, found: "MissingIndicator(error_on_new=True) of a value",
                    expected: "one of NaN, or one that answers for every record", remedy: "set error_on_new=False")
            }
            let known = Set(features)
            checked = frame.columns.indices.filter { !known.contains(.integer(Int64($0))) }.map { frame.columns[$0] }
        }
        var result = Frame([])
        for scalar in features {
            guard case .integer(let feature) = scalar, feature >= 0, feature < Int64(frame.count) else {
                throw ImportError(
                    .malformed, at: place, found: scalar.description, expected: "one of \(frame.count) columns")
            }
            let column = frame.columns[Int(feature)]
            let kind = assumedKind(of: column)
            let input = try matrix(Frame([column]), as: kind, path: indicator.path)
            let categories: OneHotEncoder.Categories
            switch (kind, mark) {
            case (.text, _): categories = .strings([try missingText(mark, indicator)])
            case (.number, .number(let number)): categories = .numbers([number])
            case (.number, .text): throw otherMissingValue(indicator, expected: "a number for columns of numbers")
            }
            let encoder = OneHotEncoder(
                features: [
                    OneHotEncoder.Feature(categories: categories, indicators: [0], width: 1, infrequentIndicator: nil)
                ],
                unknown: .allZero)
            let value = add(.oneHotEncoder(encoder), [input], width: 1, path: indicator.path)
            result.columns += Frame(value, width: 1, kind: .number).columns
        }
        guard !checked.isEmpty, result.count > 0 else { return result }
        var inputs = [try matrix(result, as: .number, path: indicator.path)]
        for column in checked {
            inputs.append(try matrix(Frame([column]), as: assumedKind(of: column), path: indicator.path))
        }
        let value = add(.refuseMissing, inputs, width: result.count, path: indicator.path)
        return Frame(value, width: result.count, kind: .number)
    }
}
