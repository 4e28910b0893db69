internal import ModelIR
internal import TensorCore

/// A checked model text: the ensemble, and all that decides how its sums become predictions.
struct LightGBMModel: Sendable {
    let columns: [BoosterColumn]
    let ensemble: TreeEnsemble
    let leafOrigins: [Int32]
    let objective: LightGBMObjective
    /// What scores are divided by, for a random forest.
    let divisor: Double?
    /// Such as `gbdt` or `dart`.
    let booster: String
    /// Of the text's format, such as `v4`.
    let version: String
    /// Rounds that predict, where they are not all.
    private let bestRound: Int?
    private let chosenRounds: Range<Int>?

    /// - Parameters:
    ///   - bestRound: boosting rounds that predict, counted from the first; nil for all.
    ///   - rounds: those that predict instead, where whoever sent the model chose some.
    init(
        _ text: consuming LightGBMText, bestRound: Int? = nil, rounds chosenRounds: Range<Int>? = nil
    ) throws(ImportError) {
        let file = try LightGBMFile(text, bestRound: bestRound, rounds: chosenRounds)
        self.chosenRounds = chosenRounds
        let header = file.header
        version = header.version
        objective = try LightGBMObjective(header.objective, header: header)
        ensemble = file.ensemble
        leafOrigins = file.leafOrigins
        let rounds = file.ensemble.treeCount / header.groupCount
        self.bestRound = rounds < file.treeCount / header.groupCount ? rounds : nil
        guard !header.averages || rounds > 0 else {
            throw ImportError(.malformed, at: "average_output", found: "a mean of no trees", expected: "trees")
        }
        divisor = header.averages ? Double(rounds) : nil
        booster = file.parameters["boosting"] ?? (header.averages ? "rf" : "gbdt")
        let tables = try LightGBMCategories.columns(
            of: file.frameCategories, header: header, parameter: file.parameters["categorical_feature"])
        columns = try Self.columns(header, tables)
    }

    private static func columns(
        _ header: LightGBMHeader, _ tables: [Int: OneHotEncoder.Categories]
    ) throws(ImportError) -> [BoosterColumn] {
        let names = header.names
        var seen: Set<String> = []
        var columns: [BoosterColumn] = []
        columns.reserveCapacity(header.featureNames.count)
        for index in header.featureNames.indices {
            if let name = names?[index], !seen.insert(name).inserted {
                throw ImportError(
                    .malformed, at: "feature_names[\(index)]", found: "\"\(name.prefix(40))\" again",
                    expected: "each name once")
            }
            columns.append(
                BoosterColumn(
                    name: names?[index], categories: tables[index], hidesBlanks: true,
                    range: header.featureInfos[index].range))
        }
        return columns
    }

    /// What `inspect` shows.
    func steps(path: String) -> [ModelStep] {
        var trees = "\(ensemble.treeCount) trees, \(ensemble.nodeCount) nodes, \(columns.count) features"
        if let chosenRounds {
            trees += ", rounds \(chosenRounds.lowerBound) to \(chosenRounds.upperBound - 1)"
        } else if let bestRound {
            trees += ", up to the best round \(bestRound)"
        }
        return [
            ModelStep(path: path, className: booster, detail: trees),
            ModelStep(
                path: "objective", className: objective.name,
                detail: ensemble.groupCount == 1 ? "1 score a row" : "\(ensemble.groupCount) scores a row"),
        ]
    }
}
