internal import ModelIR

/// What an objective does to the raw scores, by the line `objective=` of a model text.
struct LightGBMObjective: Sendable {
    enum Transform: Sendable, Hashable {
        case identity
        /// 1 / (1 + e^(-slope·x)), for each score.
        case logistic(slope: Double)
        case softmax
        case softplus
        case exp
        case signedSquare
    }

    /// `custom` where the caller of the library defined it.
    let name: String
    let transform: Transform
    /// Whether the transformed scores are probabilities of classes.
    let isClassification: Bool

    init(_ words: [String]?, header: LightGBMHeader) throws(ImportError) {
        guard let words, let name = words.first, name != "custom", name != "none" else {
            (name, transform, isClassification) = ("custom", .identity, false)
            return
        }
        self.name = name
        var transform: Transform
        switch name {
        case "binary", "multiclassova":
            transform = .logistic(slope: try Self.slope(words))
        case "multiclass": transform = .softmax
        case "cross_entropy", "xentropy": transform = .logistic(slope: 1)
        case "cross_entropy_lambda", "xentlambda": transform = .softplus
        case "poisson", "gamma", "tweedie": transform = .exp
        case "regression", "regression_l1", "regression_l2", "huber", "fair", "quantile", "mape":
            transform = words.contains("sqrt") ? .signedSquare : .identity
        case "lambdarank", "rank_xendcg", "xendcg": transform = .identity
        default:
            throw ImportError(
                .unsupported, at: "objective", found: "\"\(name.prefix(40))\"",
                expected: "an objective of LightGBM, or none",
                remedy: "delete the line objective=, and apply its transform to the raw score yourself")
        }
        // Random forests of format v2 hold probabilities in their leaves: the library only took their mean.
        if header.averages, header.version == "v2" { transform = .identity }
        self.transform = transform
        isClassification = ["binary", "multiclass", "multiclassova"].contains(name)
        let isMulticlass = name == "multiclass" || name == "multiclassova"
        guard isMulticlass ? header.groupCount == header.classCount && header.classCount > 1 : header.groupCount == 1
        else {
            throw ImportError(
                .malformed, at: "num_tree_per_iteration",
                found: "\(header.groupCount) of \(header.classCount) classes",
                expected: isMulticlass ? "one tree a class for \(name)" : "1 for \(name)")
        }
    }

    /// The parameter `sigmoid:`.
    private static func slope(_ words: [String]) throws(ImportError) -> Double {
        guard let word = words.first(where: { $0.hasPrefix("sigmoid:") }) else { return 1 }
        let digits = Array(word.utf8.dropFirst("sigmoid:".utf8.count))
        guard let slope = Self.number(digits), slope.isFinite, slope > 0 else {
            throw ImportError(
                .malformed, at: "objective", found: "\"\(word.prefix(40))\"", expected: "a number above 0")
        }
        return slope
    }
}
