internal import ModelIR
internal import TensorCore

/// What a model predicts, by the loss that it was trained for.
struct CatBoostTask: Sendable {
    enum Kind: Sendable, Hashable {
        case numbers
        /// e to the score, as `CatBoostRegressor.predict` answers for counts.
        case exponent
        /// One score: class 1 above 0.
        case binary
        case softmax
        /// A sigmoid for each class.
        case oneVersusAll

        var isClassification: Bool { self != .numbers && self != .exponent }
    }

    let loss: String
    let kind: Kind
    /// Of a classification.
    let labels: ClassLabels

    /// Losses whose models answer the score itself, as `CatBoostRegressor` and `CatBoostRanker` do.
    private static let lossesOfNumbers: Set = [
        // Of one number or of several.
        "RMSE", "MAE", "Quantile", "MultiQuantile", "GroupQuantile", "LogLinQuantile", "Lq", "Huber", "Expectile",
        "LogCosh", "FairLoss", "MAPE", "SMAPE", "MSLE", "MedianAbsoluteError", "R2", "Cox", "SurvivalAft", "MultiRMSE",
        "MultiRMSEWithMissingValues",
        // Of ranks.
        "QueryRMSE", "QuerySoftMax", "QueryCrossEntropy", "PairLogit", "PairLogitPairwise", "YetiRank",
        "YetiRankPairwise", "StochasticFilter", "StochasticRank", "LambdaMart",
        // Of one's own.
        "PythonUserDefinedPerObject", "PythonUserDefinedMultiTarget", "UserPerObjMetric", "UserQuerywiseMetric",
    ]

    init(_ info: CatBoostInfo, dimension: Int) throws(ImportError) {
        let loss = info.loss.map { String($0.prefix(60)) } ?? "unknown loss"
        let kind: Kind
        switch loss {
        case "Logloss", "CrossEntropy", "Focal": kind = .binary
        case "MultiClass": kind = .softmax
        case "MultiClassOneVsAll": kind = .oneVersusAll
        case "Poisson", "Tweedie": kind = .exponent
        case "MultiLogloss", "MultiCrossEntropy", "RMSEWithUncertainty":
            throw ImportError(
                .unsupported, at: "loss_function", found: loss, expected: "one label or number, or raw scores",
                remedy: "train a model for each label, or with RMSE")
        default:
            // Without parameters a model is its score.
            guard info.loss == nil || Self.lossesOfNumbers.contains(loss) else {
                throw ImportError(
                    .unsupported, at: "loss_function", found: "\"\(loss)\"", expected: "a loss of CatBoost 1.2",
                    remedy: "train with a loss that is known, such as RMSE, Logloss or MultiClass")
            }
            kind = .numbers
        }
        self.loss = loss
        self.kind = kind
        let isClassification = kind.isClassification
        guard isClassification || info.classNames.isEmpty else {
            throw ImportError(
                .unsupported, at: "class_params", found: "classes with \(loss)", expected: Self.lossesOfClasses,
                remedy: "train with one of them, or with the labels as numbers")
        }
        guard !isClassification || (kind == .binary ? dimension == 1 : dimension > 1) else {
            throw ImportError(
                .malformed, at: "loss_function", found: "\(loss) with \(dimension) scores",
                expected: kind == .binary ? "one score" : "a score a class")
        }
        guard !info.hasThreshold || kind != .binary else {
            throw ImportError(
                .unsupported, at: "binclass_probability_threshold", found: "a threshold of the model's own",
                expected: "one half", remedy: "call set_probability_threshold(0.5), and decide by the probabilities")
        }
        let count = kind == .binary ? 2 : dimension
        labels = isClassification ? try Self.labels(info, count: count) : .integers([])
    }

    /// What a classifier is trained with, as errors say it.
    static let lossesOfClasses = "Logloss, CrossEntropy, Focal, MultiClass or MultiClassOneVsAll"

    private static func labels(_ info: CatBoostInfo, count: Int) throws(ImportError) -> ClassLabels {
        let names = info.classNames
        guard !names.isEmpty else { return .integers((0..<Int64(count)).map { $0 }) }
        guard names.count == count else {
            throw ImportError(
                .malformed, at: "class_names", found: "\(names.count) classes", expected: "\(count), by the scores")
        }
        switch info.labelType {
        case "Integer":
            let integers = names.compactMap { Int64($0) ?? Double($0).flatMap { Int64(exactly: $0) } }
            if integers.count == count { return .integers(integers) }
        case "Float":
            let doubles = names.compactMap { Double($0) }
            if doubles.count == count { return .doubles(doubles) }
        case "Boolean":
            let booleans: [Bool] = names.compactMap { ["true": true, "false": false][$0.lowercased()] }
            if booleans.count == count { return .booleans(booleans) }
        default: break
        }
        return .strings(names)
    }
}
