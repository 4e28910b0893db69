internal import ModelIR

/// A model text that has been read: its header, its trees, and what follows them.
struct LightGBMFile {
    let header: LightGBMHeader
    let ensemble: TreeEnsemble
    let leafOrigins: [Int32]
    /// Trees of the file, also those that are not kept.
    let treeCount: Int
    /// The parameters `boosting` and `categorical_feature`, where the text has them.
    private(set) var parameters: [String: String] = [:]
    /// The lists of `pandas_categorical`, one a category column of the training frame.
    private(set) var frameCategories: [OneHotEncoder.Categories] = []
    /// How many splits of all trees each feature has, by its name, without those that have none; nil where the text
    /// does not tell.
    private(set) var splitCounts: [String: Int64]?

    private static let headerKeys: Set<String> = [
        "version", "num_class", "num_tree_per_iteration", "max_feature_idx", "objective", "feature_names",
        "feature_infos", "tree_sizes",
    ]

    /// - Parameters:
    ///   - bestRound: boosting rounds to keep, counted from the first; nil for all.
    ///   - rounds: those to keep instead, where whoever sent the model chose some.
    init(_ text: consuming LightGBMText, bestRound: Int? = nil, rounds: Range<Int>? = nil) throws(ImportError) {
        guard let first = text.nextLine(), text.equals(first, "tree") else {
            throw ImportError(
                .unknownFormat, at: "line 1", found: "something else", expected: "\"tree\", as LightGBM's models begin")
        }
        var values: [String: Range<Int>] = [:]
        var averages = false
        var line = text.nextLine()
        while let current = line, !Self.beginsTree(current, in: text), !Self.endsTrees(current, in: text) {
            if let (key, value) = text.keyAndValue(current) {
                try Self.keep(key, value, of: Self.headerKeys, in: text, to: &values, place: "header")
                averages = averages || text.equals(key, "average_output")
            } else {
                averages = averages || text.equals(current, "average_output")
            }
            line = text.nextLine()
        }
        let header = try LightGBMHeader(values, averages: averages, in: text)
        self.header = header
        let kept = rounds ?? 0..<(bestRound ?? .max)
        var builder = LightGBMEnsembleBuilder(header)
        var count = 0
        while let current = line, Self.beginsTree(current, in: text) {
            let number = text.integer(current.lowerBound + 5..<current.upperBound)
            guard number == Int64(count) else {
                throw text.refusal("Tree", text.shown(current), "Tree=\(count)")
            }
            var tree: [String: Range<Int>] = [:]
            line = text.nextLine()
            while let current = line, !Self.beginsTree(current, in: text), !Self.endsTrees(current, in: text) {
                if let (key, value) = text.keyAndValue(current) {
                    try Self.keep(
                        key, value, of: LightGBMEnsembleBuilder.keys, in: text, to: &tree, place: "Tree=\(count)")
                }
                line = text.nextLine()
            }
            guard line != nil else { throw Self.cut(text) }
            try builder.append(
                tree, number: count, isKept: kept.contains(count / header.groupCount), in: text)
            count += 1
        }
        guard let last = line else { throw Self.cut(text) }
        if let expected = header.treeCount, expected != count {
            throw ImportError(.malformed, at: "tree_sizes", found: "\(expected) trees", expected: "\(count), as follow")
        }
        guard count % header.groupCount == 0 else {
            throw ImportError(
                .malformed, at: "num_tree_per_iteration", found: "\(header.groupCount) with \(count) trees",
                expected: "whole rounds")
        }
        _ = try ImportOptions.checked(rounds, roundCount: count / header.groupCount)
        treeCount = count
        (ensemble, leafOrigins) = try builder.finish()
        try readRest(&text, isWithinCounts: !text.equals(last, "end of trees"))
    }

    /// What follows the trees: how often features split, parameters, and the categories of the training frame.
    ///
    /// - Parameter isWithinCounts: whether the title of the first was read already, as it ends the trees of old files.
    private mutating func readRest(_ text: inout LightGBMText, isWithinCounts: Bool) throws(ImportError) {
        var isWithinParameters = false
        var isWithinCounts = isWithinCounts
        if isWithinCounts { splitCounts = [:] }
        while let line = text.nextLine() {
            if isWithinCounts, !line.isEmpty {
                readSplitCount(line, in: text)
                continue
            }
            isWithinCounts = text.equals(line, "feature_importances:")
            if isWithinCounts {
                splitCounts = [:]
            } else if text.equals(line, "parameters:") {
                isWithinParameters = true
            } else if text.equals(line, "end of parameters") {
                isWithinParameters = false
            } else if isWithinParameters {
                for name in ["boosting", "categorical_feature"] where text.hasPrefix(line, "[\(name): ") {
                    let start = line.lowerBound + name.utf8.count + 3
                    guard text.bytes[line.upperBound - 1] == UInt8(ascii: "]"), line.upperBound - 1 >= start else {
                        continue
                    }
                    parameters[name] = text.string(start..<line.upperBound - 1)
                }
            } else if text.hasPrefix(line, "pandas_categorical:") {
                let start = line.lowerBound + "pandas_categorical:".utf8.count
                frameCategories = try LightGBMCategories.read(
                    text.bytes.extracting(start..<line.upperBound), lineNumber: text.lineNumber)
            }
        }
        guard !isWithinParameters else { throw Self.cut(text) }
    }

    /// A line `name=count`. A name may hold the sign itself.
    private mutating func readSplitCount(_ line: Range<Int>, in text: borrowing LightGBMText) {
        guard let sign = line.last(where: { text.bytes[$0] == UInt8(ascii: "=") }),
            let count = text.integer(sign + 1..<line.upperBound)
        else { return }
        splitCounts?[text.string(line.lowerBound..<sign)] = count
    }

    private static func beginsTree(_ line: Range<Int>, in text: borrowing LightGBMText) -> Bool {
        text.hasPrefix(line, "Tree=")
    }

    private static func endsTrees(_ line: Range<Int>, in text: borrowing LightGBMText) -> Bool {
        text.equals(line, "end of trees") || text.equals(line, "feature importances:")
            || text.equals(line, "feature_importances:")
    }

    private static func keep(
        _ key: Range<Int>, _ value: Range<Int>, of known: Set<String>, in text: borrowing LightGBMText,
        to values: inout [String: Range<Int>], place: String
    ) throws(ImportError) {
        guard key.count <= 32 else { return }
        let name = text.string(key)
        guard known.contains(name) else { return }
        guard values.updateValue(value, forKey: name) == nil else {
            throw text.refusal("\(place).\(name)", "the key twice", "each key once")
        }
    }

    private static func cut(_ text: borrowing LightGBMText) -> ImportError {
        text.refusal("the end", "the end of the file", "\"end of trees\" and what follows it", kind: .truncated)
    }
}
