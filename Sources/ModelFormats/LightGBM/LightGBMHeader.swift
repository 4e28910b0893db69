internal import ModelIR

/// The `key=value` lines before the first tree.
struct LightGBMHeader: Sendable {
    /// Such as `v4`.
    let version: String
    let classCount: Int
    /// Trees of one boosting round, each adding to a score of its own.
    let groupCount: Int
    /// Nil for an objective that the caller of the library defined.
    let objective: [String]?
    let featureNames: [String]
    /// What the training data held: `[min:max]`, categories as `1:0:3`, or `none`.
    let featureInfos: [FeatureInfo]
    let treeCount: Int?
    /// Whether scores are means over the rounds (random forest).
    let averages: Bool

    enum FeatureInfo: Sendable, Hashable {
        /// With what it held; nil where the text does not tell.
        case numeric(ClosedRange<Double>?)
        /// With the largest code.
        case categorical(max: Int64)
        /// Constant in the training data: no tree uses it.
        case unused

        var isNumeric: Bool { if case .numeric = self { true } else { false } }

        var range: ClosedRange<Double>? { if case .numeric(let range) = self { range } else { nil } }
    }

    /// Features that a model may have.
    static let featureCountMax = 1 << 20
    /// Scores of a row.
    static let groupCountMax = 1 << 16

    /// - Parameter values: where the value of each known key stands.
    init(
        _ values: [String: Range<Int>], averages: Bool, in text: borrowing LightGBMText
    ) throws(ImportError) {
        func value(_ key: String) throws(ImportError) -> Range<Int> {
            guard let range = values[key] else {
                throw ImportError(
                    .malformed, at: "header", found: "no \"\(key)\"", expected: "a model text of LightGBM 2 or later")
            }
            return range
        }
        func natural(_ key: String, from minimum: Int64, to maximum: Int) throws(ImportError) -> Int {
            let range = try value(key)
            guard let number = text.integer(range), number >= minimum else {
                throw ImportError(
                    .malformed, at: key, found: text.shown(range), expected: "a whole number from \(minimum)")
            }
            guard number <= maximum else {
                throw ImportError(.limit, at: key, found: "\(number)", expected: "at most \(maximum)")
            }
            return Int(number)
        }
        version = text.string(try value("version"))
        guard ["v2", "v3", "v4"].contains(version) else {
            throw ImportError(
                .unsupported, at: "version", found: text.shown(try value("version")), expected: "v2, v3 or v4",
                remedy: "load it with LightGBM 4, and save it again")
        }
        classCount = try natural("num_class", from: 1, to: Self.groupCountMax)
        groupCount =
            values["num_tree_per_iteration"] == nil
            ? classCount : try natural("num_tree_per_iteration", from: 1, to: Self.groupCountMax)
        let featureCount = try natural("max_feature_idx", from: 0, to: Self.featureCountMax - 1) + 1
        self.averages = averages

        featureNames = Self.words(try value("feature_names"), in: text)
        let infos = Self.words(try value("feature_infos"), in: text)
        for (key, count) in [("feature_names", featureNames.count), ("feature_infos", infos.count)] {
            guard count == featureCount else {
                throw ImportError(
                    .malformed, at: key, found: "\(count)", expected: "\(featureCount), by max_feature_idx")
            }
        }
        var parsed: [FeatureInfo] = []
        parsed.reserveCapacity(infos.count)
        for (index, info) in infos.enumerated() {
            guard let known = FeatureInfo(info) else {
                throw ImportError(
                    .malformed, at: "feature_infos[\(index)]", found: "\"\(info.prefix(40))\"",
                    expected: "[min:max], categories, or none")
            }
            parsed.append(known)
        }
        featureInfos = parsed
        objective = values["objective"].map { Self.words($0, in: text) }
        treeCount = values["tree_sizes"].map { Self.wordCount($0, in: text) }
    }

    private static func words(_ range: Range<Int>, in text: borrowing LightGBMText) -> [String] {
        var words: [String] = []
        var index = range.lowerBound
        while let word = text.nextWord(&index, end: range.upperBound) { words.append(text.string(word)) }
        return words
    }

    private static func wordCount(_ range: Range<Int>, in text: borrowing LightGBMText) -> Int {
        var count = 0
        var index = range.lowerBound
        while text.nextWord(&index, end: range.upperBound) != nil { count += 1 }
        return count
    }

    /// The columns' names; nil where the library made them up, for data without any.
    var names: [String]? {
        for (index, name) in featureNames.enumerated() where name != "Column_\(index)" { return featureNames }
        return nil
    }
}

extension LightGBMHeader.FeatureInfo {
    fileprivate init?(_ text: String) {
        if text == "none" {
            self = .unused
        } else if text.hasPrefix("[") {
            let bounds = text.dropFirst().prefix { $0 != "]" }.split(separator: ":").map { Double($0) ?? .nan }
            let isKnown = bounds.count == 2 && bounds.allSatisfy(\.isFinite) && bounds[0] <= bounds[1]
            self = .numeric(isKnown ? bounds[0]...bounds[1] : nil)
        } else {
            var largest: Int64 = -1
            for part in text.split(separator: ":") {
                guard let code = Int64(part) else { return nil }
                largest = max(largest, code)
            }
            self = .categorical(max: largest)
        }
    }
}
