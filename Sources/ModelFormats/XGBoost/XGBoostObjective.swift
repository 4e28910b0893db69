internal import Glibc

/// What an objective does to the margin, by the names that XGBoost saves.
struct XGBoostObjective: Sendable {
    /// From the margin to what `Booster.predict` answers.
    enum Transform: Sendable {
        case identity
        case logistic
        case exp
        /// 1 above a margin of 0, else 0.
        case step
        /// A probability for each class.
        case softmax
        /// The best class, as a number.
        case argMax
    }

    /// From the saved base score to the margin that sums start with.
    private enum BaseScore: Sendable {
        case margin
        case probability
        case positive
    }

    let name: String
    let transform: Transform
    /// Whether classes are predicted, so that probabilities come along.
    let isClassification: Bool
    private let baseScore: BaseScore

    init?(_ name: String) {
        self.name = name
        switch name {
        case "reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror",
            "reg:quantileerror", "reg:expectileerror", "reg:linear", "rank:pairwise", "rank:ndcg", "rank:map":
            (transform, baseScore, isClassification) = (.identity, .margin, false)
        case "reg:logistic": (transform, baseScore, isClassification) = (.logistic, .probability, false)
        case "binary:logistic": (transform, baseScore, isClassification) = (.logistic, .probability, true)
        // Its base score is a margin already: XGBoost does not convert it, although it is a logistic loss.
        case "binary:logitraw": (transform, baseScore, isClassification) = (.identity, .margin, true)
        case "binary:hinge": (transform, baseScore, isClassification) = (.step, .margin, true)
        case "multi:softprob": (transform, baseScore, isClassification) = (.softmax, .margin, true)
        case "multi:softmax": (transform, baseScore, isClassification) = (.argMax, .margin, true)
        case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft":
            (transform, baseScore, isClassification) = (.exp, .positive, false)
        default: return nil
        }
    }

    /// The names, for a refusal.
    static let expected =
        "reg:squarederror and its kin, reg:logistic, binary:*, multi:*, count:poisson, reg:gamma, reg:tweedie, "
        + "survival:* or rank:*"

    /// The margin of a saved base score, in the library's arithmetic of 32 bits; nil if it has none.
    func margin(ofBaseScore score: Float, isMargin: Bool) -> Float? {
        let margin: Float =
            switch isMargin ? .margin : baseScore {
            case .margin: score
            case .probability: -logf(1 / score - 1)
            case .positive: logf(score)
            }
        return margin.isFinite ? margin : nil
    }

    /// What base scores have a margin.
    var baseScoreRange: String {
        switch baseScore {
        case .margin: "a finite number"
        case .probability: "a number between 0 and 1"
        case .positive: "a number above 0"
        }
    }
}
