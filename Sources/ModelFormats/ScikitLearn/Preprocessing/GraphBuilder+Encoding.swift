internal import ModelIR
internal import TensorCore

/// `OneHotEncoder`.
extension GraphBuilder {
    mutating func encode(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        if flag(estimator, "_legacy_mode", default: false) {
            throw ImportError(
                .unsupported, at: estimator.path, found: "an encoder of scikit-learn 0.20's legacy mode",
                expected: "categories_", remedy: "fit it again with categories=\"auto\"")
        }
        let place = estimator.path + ".categories_"
        let value = try required(estimator, "categories_")
        guard let categories = document.sequence(value), categories.count == frame.count else {
            throw ImportError(
                .malformed, at: place, found: document.describe(value), expected: "a list of \(frame.count)")
        }
        let drops = try dropped(estimator, count: frame.count)
        let groups = try grouping(estimator, count: frame.count)
        let unknown = try unknownRule(estimator)
        var features: [OneHotEncoder.Feature] = []
        var names: [[String?]] = []
        for index in categories.indices {
            let scalars = try list(categories[index], place: "\(place)[\(index)]")
            let known = try self.categories(scalars, place: "\(place)[\(index)]")
            features.append(
                try feature(
                    known, grouping: groups.map { $0[index] } ?? .none, dropped: drops.map { $0[index] } ?? .none,
                    path: "\(estimator.path)[\(index)]"))
            names.append(
                indicatorNames(
                    features[index], scalars, column: frame.columns[index].name,
                    isPlain: attribute(estimator, "feature_name_combiner").map { document.scalar($0) }
                        ?? .text("concat") == .text("concat")))
        }

        var result = Frame([])
        var start = 0
        while start < features.count {
            let kind = features[start].categories.kind
            var end = start + 1
            while end < features.count, features[end].categories.kind == kind { end += 1 }
            let encoder = OneHotEncoder(features: Array(features[start..<end]), unknown: unknown)
            let input = try matrix(frame[start..<end], as: kind, path: estimator.path)
            try spend(encoder.width, path: estimator.path)
            let value = add(.oneHotEncoder(encoder), [input], width: encoder.width, path: estimator.path)
            result.columns +=
                Frame(value, width: encoder.width, kind: .number, names: names[start..<end].flatMap { $0 }).columns
            start = end
        }
        try note(estimator, "\(frame.count) columns, \(result.count) indicators")
        return result
    }

    /// The names of a feature's indicators: the column's and the category's, or none where they are not known.
    private func indicatorNames(
        _ feature: OneHotEncoder.Feature, _ categories: [PickleScalar], column: String?, isPlain: Bool
    ) -> [String?] {
        var names = [String?](repeating: nil, count: feature.width)
        guard let column, isPlain else { return names }
        for (index, indicator) in feature.indicators.enumerated() where indicator >= 0 {
            let isInfrequent = indicator == feature.infrequentIndicator
            let text = isInfrequent ? "infrequent_sklearn" : pythonText(categories[index])
            names[indicator] = text.map { column + "_" + $0 }
        }
        return names
    }

    /// Python's `str` of a category; nil for floats that Swift may write otherwise.
    private func pythonText(_ scalar: PickleScalar) -> String? {
        switch scalar {
        case .text(let text): text
        case .integer(let value): String(value)
        case .boolean(let value): value ? "True" : "False"
        case .none: "None"
        case .float(let value):
            value.isNaN ? "nan" : abs(value) >= 1e-4 && abs(value) < 1e15 || value == 0 ? value.description : nil
        case .other: nil
        }
    }

    private func unknownRule(_ estimator: EstimatorRecord) throws(ImportError) -> OneHotEncoder.Unknown {
        switch text(estimator, "handle_unknown") {
        case "error", nil: return .refuse
        case "ignore": return .allZero
        case "infrequent_if_exist": return .infrequent
        // Since 1.6; until 1.8 it did not know of infrequent categories.
        case "warn": return isAtLeast(1, 8) ? .infrequent : .allZero
        case let other?:
            throw ImportError(
                .unsupported, at: estimator.path + ".handle_unknown", found: "\"\(other)\"",
                expected: "error, ignore or infrequent_if_exist")
        }
    }

    /// The categories of one column: all numbers or all text, with one missing value among them at most.
    func categories(_ scalars: [PickleScalar], place: String) throws(ImportError) -> OneHotEncoder.Categories {
        let isText = scalars.contains { if case .text = $0 { true } else { false } }
        var numbers: [Double] = []
        var strings: [String?] = []
        var missingCount = 0
        for scalar in scalars {
            if scalar.isMissing {
                missingCount += 1
                numbers.append(.nan)
                strings.append(nil)
            } else if isText, case .text(let text) = scalar {
                strings.append(text)
            } else if !isText, let number = scalar.number {
                if case .integer(let integer) = scalar, Int64(exactly: number) != integer {
                    throw ImportError(
                        .unsupported, at: place, found: "the category \(integer)", expected: "integers up to 2^53",
                        remedy: "keep such identifiers as text")
                }
                numbers.append(number)
            } else {
                throw ImportError(
                    .unsupported, at: place, found: "the category \(scalar.description) among others",
                    expected: isText ? "text, as the others are" : "numbers or text",
                    remedy: "convert the column to one type before training")
            }
        }
        guard missingCount <= 1 else {
            throw ImportError(
                .unsupported, at: place, found: "both None and NaN as categories", expected: "one missing value",
                remedy: "replace one by the other before training: a request has null for both")
        }
        return isText ? .strings(strings) : .numbers(numbers)
    }

    /// The dropped indicator of each feature, after grouping; nil where nothing is dropped at all.
    private mutating func dropped(_ estimator: EstimatorRecord, count: Int) throws(ImportError) -> [PickleScalar]? {
        for name in ["_drop_idx_after_grouping", "drop_idx_"] {
            guard let value = attribute(estimator, name) else { continue }
            guard value != .none else { return nil }
            let place = "\(estimator.path).\(name)"
            let drops = try list(value, place: place)
            guard drops.count == count else {
                throw ImportError(.malformed, at: place, found: "shape [\(drops.count)]", expected: "[\(count)]")
            }
            return drops
        }
        return nil
    }

    private mutating func feature(
        _ categories: OneHotEncoder.Categories, grouping: PickleValue, dropped: PickleScalar, path: String
    ) throws(ImportError) -> OneHotEncoder.Feature {
        var indicators = Array(0..<categories.count)
        var width = categories.count
        var infrequent: Int?
        if let mapping = try infrequentMapping(grouping, count: categories.count, path: path) {
            indicators = mapping
            width = (mapping.max() ?? -1) + 1
            // The infrequent ones share the last indicator.
            if width > 0 { infrequent = width - 1 }
        }
        if dropped != .none {
            guard case .integer(let drop) = dropped, drop >= 0, drop < Int64(width) else {
                throw ImportError(
                    .malformed, at: path + ".drop_idx_", found: dropped.description, expected: "0..<\(width)")
            }
            for index in indicators.indices {
                if indicators[index] == Int(drop) {
                    indicators[index] = -1
                } else if indicators[index] > Int(drop) {
                    indicators[index] -= 1
                }
            }
            if let last = infrequent { infrequent = last == Int(drop) ? nil : last - (last > Int(drop) ? 1 : 0) }
            width -= 1
        }
        return OneHotEncoder.Feature(
            categories: categories, indicators: indicators, width: width, infrequentIndicator: infrequent)
    }
}

extension OneHotEncoder.Categories {
    /// What a column with these categories holds.
    var kind: FrameKind {
        switch self {
        case .numbers: .number
        case .strings: .text
        }
    }
}
