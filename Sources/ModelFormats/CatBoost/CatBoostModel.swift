internal import ModelIR
internal import TensorCore

/// A checked CatBoost model: its trees over numbers, one-hot categories and statistics, and what becomes of their sum.
struct CatBoostModel: Sendable {
    /// Scores of a row.
    static let dimensionMax = 1 << 16
    /// Splits of a symmetric tree; CatBoost's own bound.
    static let depthMax = 16
    /// Columns of a record.
    static let columnsMax = 1 << 17

    let columns: [BoosterColumn]
    /// The record's columns of the float and of the categorical features.
    let floatColumns: [Int]
    let categoryColumns: [Int]
    let features: CatBoostFeatures
    let statistics: CategoryCTR?
    let ensemble: TreeEnsemble
    /// Nil where some tree is not symmetric.
    let leafOrigins: [Int32]?
    let scale: Double
    /// One a score.
    let bias: [Double]
    let task: CatBoostTask

    /// Rounds that predict, where whoever sent the model chose them.
    private let rounds: Range<Int>?

    init(_ file: CatBoostFile, rounds: Range<Int>? = nil) throws(ImportError) {
        self.rounds = rounds
        var file = file
        if let unsupported = file.unsupported {
            throw ImportError(
                .unsupported, at: "features_info", found: unsupported, expected: "numbers and categories",
                remedy: "train without text and embedding features, or compute numbers from them before")
        }
        // A round is a tree, whatever its leaves hold; the file has trees of one kind.
        let treeCount = max(file.symmetricTrees.count, file.otherTrees.count)
        if let rounds = try ImportOptions.checked(rounds, roundCount: treeCount) {
            if file.otherTrees.isEmpty {
                file.symmetricTrees = Array(file.symmetricTrees[rounds])
            } else {
                file.otherTrees = Array(file.otherTrees[rounds])
            }
        }
        let dimension = Self.dimension(of: file)
        guard dimension >= 1, dimension <= Self.dimensionMax else {
            throw ImportError(
                .malformed, at: "trees", found: "leaves of \(dimension) numbers", expected: "1 to \(Self.dimensionMax)")
        }
        let features = try CatBoostFeatures(file)
        guard features.count > 0 else {
            throw ImportError(
                .unsupported, at: "features_info", found: "no features", expected: "at least one",
                remedy: "its answer is the same for every row")
        }
        self.features = features
        (columns, floatColumns, categoryColumns) = try Self.columns(file)
        statistics = file.ctrs.isEmpty ? nil : try Self.statistics(file, features)
        var builder = CatBoostEnsembleBuilder(file, features, dimension: dimension)
        try builder.build()
        ensemble = builder.ensemble
        leafOrigins = file.otherTrees.isEmpty ? builder.leafOrigins : nil
        scale = file.scale
        guard file.bias.count <= 1 || file.bias.count == dimension else {
            throw ImportError(
                .malformed, at: "scale_and_bias", found: "\(file.bias.count) biases", expected: "1 or \(dimension)")
        }
        // The library adds the bias to a sum that begins with the first tree (seen in 1.2).
        let hasBias = (rounds?.lowerBound ?? 0) == 0
        if hasBias, file.bias.count == dimension {
            bias = file.bias
        } else {
            bias = [Double](repeating: hasBias ? file.bias.first ?? 0 : 0, count: dimension)
        }
        task = try CatBoostTask(file.info, dimension: dimension)
    }

    private static func dimension(of file: CatBoostFile) -> Int {
        if let tree = file.symmetricTrees.first {
            guard tree.splits.count <= depthMax else { return 0 }
            return tree.leafValues.count >> tree.splits.count
        }
        for node in file.otherTrees.first ?? [] where !node.values.isEmpty { return node.values.count }
        return max(file.bias.count, 1)
    }

    private static func columns(
        _ file: CatBoostFile
    ) throws(ImportError) -> (all: [BoosterColumn], floats: [Int], categories: [Int]) {
        var names: [Int: (name: String, isText: Bool)] = [:]
        func take(_ column: Int, _ name: String, isText: Bool) throws(ImportError) {
            guard column >= 0, column < columnsMax, names[column] == nil else {
                throw ImportError(
                    .malformed, at: "flat_feature_index", found: "\(column)",
                    expected: "0..<\(columnsMax), each once")
            }
            names[column] = (name, isText)
        }
        let floats = file.floatFeatures.sorted { $0.key < $1.key }.map(\.value)
        let categories = file.categoryFeatures.sorted { $0.key < $1.key }.map(\.value)
        for feature in floats { try take(feature.column, feature.name, isText: false) }
        for feature in categories { try take(feature.column, feature.name, isText: true) }
        let count = (names.keys.max() ?? -1) + 1
        // Without names of their own, features are called by their number.
        let areNamed = names.contains { !$0.value.name.isEmpty && $0.value.name != "\($0.key)" }
        var columns: [BoosterColumn] = []
        var seen: Set<String> = []
        for index in 0..<count {
            let known = names[index]
            let name = areNamed ? known.map(\.name) ?? "\(index)" : nil
            if let name, !seen.insert(name).inserted {
                throw ImportError(
                    .malformed, at: "feature_id", found: "\"\(name.prefix(40))\" again", expected: "each name once")
            }
            columns.append(BoosterColumn(name: name, categories: nil, isText: known?.isText == true))
        }
        return (columns, floats.map(\.column), categories.map(\.column))
    }

    private static func statistics(
        _ file: CatBoostFile, _ features: CatBoostFeatures
    ) throws(ImportError) -> CategoryCTR {
        var tables: [CategoryCTR.Table] = []
        var places: [String: Int] = [:]
        var result: [CategoryCTR.Feature] = []
        // The operator's input: the hashes of all categories, then the numbers.
        let categoryCount = features.categories.count
        for (index, ctr) in file.ctrs.enumerated() {
            let place = "ctrs[\(index)]"
            guard let table = file.ctrTables[ctr.identifier] else {
                throw ImportError(
                    .malformed, at: place, found: "no table of \(ctr.identifier.prefix(80))",
                    expected: "its counts in ctr_data",
                    remedy: "give the training pool to save_model, which it needs to write the tables")
            }
            var elements: [CategoryCTR.Element] = []
            for element in ctr.elements {
                switch element {
                case .category(let category):
                    guard let column = features.categories[category] else { throw unknown("category", category, place) }
                    elements.append(.category(column: column))
                case .equals(let category, let hash):
                    guard let column = features.categories[category] else { throw unknown("category", category, place) }
                    elements.append(.equals(column: column, hash: hash))
                case .above(let index, let border):
                    guard let column = features.floats[index], border.isFinite, let feature = file.floatFeatures[index]
                    else { throw unknown("feature", index, place) }
                    elements.append(
                        .above(
                            column: categoryCount + column, threshold: threshold(border),
                            missingIsAbove: feature.missingIsAbove))
                }
            }
            let statistic: CategoryCTR.Statistic
            switch ctr.type {
            case "Borders": statistic = .borders(ctr.targetBorder)
            case "Buckets": statistic = .buckets(ctr.targetBorder)
            case "BinarizedTargetMeanValue", "FloatTargetMeanValue": statistic = .mean
            case "Counter", "FeatureFreq": statistic = .counter
            default:
                throw ImportError(
                    .unsupported, at: place, found: "the statistic \"\(ctr.type.prefix(40))\"",
                    expected: "Borders, Buckets, a mean value, Counter or FeatureFreq",
                    remedy: "train with simple_ctr of those types")
            }
            let number = places[ctr.identifier] ?? tables.count
            if places.updateValue(number, forKey: ctr.identifier) == nil { tables.append(table) }
            result.append(
                CategoryCTR.Feature(
                    elements: elements, statistic: statistic, table: number, priorNumerator: ctr.priorNumerator,
                    priorDenominator: ctr.priorDenominator, shift: ctr.shift, scale: ctr.scale))
        }
        return CategoryCTR(features: result, tables: tables)
    }

    private static func unknown(_ kind: String, _ index: Int, _ place: String) -> ImportError {
        ImportError(.malformed, at: place, found: "\(kind) \(index)", expected: "a known feature")
    }

    /// The largest double that is at most `border` as float32: comparing with it needs no narrowing.
    static func threshold(_ border: Float) -> Double {
        let next = border.nextUp
        let middle =
            next.isFinite ? (Double(border) + Double(next)) / 2 : Double(border) + Double(border.ulp) / 2
        return Float(middle) <= border ? middle : middle.nextDown
    }

    /// What `inspect` shows.
    var steps: [ModelStep] {
        [
            ModelStep(
                path: "model", className: "CatBoost",
                detail: "\(ensemble.treeCount) trees, \(ensemble.nodeCount) nodes, \(floatColumns.count) numeric and "
                    + "\(categoryColumns.count) categorical features"
                    + (rounds.map { ", rounds \($0.lowerBound) to \($0.upperBound - 1)" } ?? "")),
            ModelStep(
                path: "loss_function", className: task.loss,
                detail: bias.count == 1 ? "1 score a row" : "\(bias.count) scores a row"),
        ]
    }
}
