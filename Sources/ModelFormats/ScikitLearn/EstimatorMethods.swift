internal import ModelIR
internal import TensorCore

/// The values of a fitted predictor's methods: what the model answers, and what estimators around it build on.
struct EstimatorMethods {
    /// Numbers of a row.
    struct Numbers {
        let value: ValueID
        let width: Int
    }

    enum Prediction {
        /// A regressor's. It is a list where the target was two-dimensional.
        case numbers(ValueID, width: Int, isVector: Bool)
        /// A classifier's or a clusterer's: a class index.
        case label(ValueID, ClassLabels)
        /// A classifier's of several targets: one class index a target.
        case labels(ValueID, [ClassLabels])
    }

    /// `predict`.
    var prediction: Prediction
    /// `predict_proba`: one number a class, of several targets those of the first, then of the second, and so on.
    var probabilities: ValueID?
    /// `predict_proba` of several labels a row where the library gives one array for all, and not one a label: that
    /// each label is there. What estimators around this one see of it.
    var labelProbabilities: Numbers?
    /// `decision_function`: one number for two classes, else one a class or one a pair of classes.
    var decision: Numbers?
    /// `score_samples`: one number.
    var scores: ValueID?
    /// `transform`, where the class has it besides.
    var transformed: Numbers?
    /// What is told of boosted models besides, such as their margins.
    var others: [GraphOutput] = []

    /// The model's outputs. What `predict` and `predict_proba` give is answered always; a classifier without
    /// probabilities answers its decision function instead; the rest only when asked for.
    var outputs: [GraphOutput] {
        var outputs: [GraphOutput] = []
        var hasProbabilities = false
        var isLabel = false
        switch prediction {
        case .numbers(let value, _, let isVector):
            outputs.append(
                GraphOutput(name: OutputField.predictionName, value: value, meaning: .values, isVector: isVector))
        case .label(let value, let labels):
            isLabel = true
            outputs.append(GraphOutput(name: OutputField.predictionName, value: value, meaning: .label(labels)))
            if let probabilities {
                hasProbabilities = true
                outputs.append(
                    GraphOutput(
                        name: OutputField.probabilitiesName, value: probabilities, meaning: .probabilities(labels),
                        isVector: true))
            }
        case .labels(let value, let targets):
            isLabel = true
            outputs.append(
                GraphOutput(
                    name: OutputField.predictionName, value: value, meaning: .labels(targets), isVector: true))
            if let probabilities {
                hasProbabilities = true
                outputs.append(
                    GraphOutput(
                        name: OutputField.probabilitiesName, value: probabilities,
                        meaning: .targetProbabilities(targets), isVector: true))
            }
        }
        if let decision {
            outputs.append(
                GraphOutput(
                    name: "decision_function", value: decision.value, meaning: .values,
                    isDefault: isLabel && !hasProbabilities))
        }
        if let scores {
            outputs.append(GraphOutput(name: "score_samples", value: scores, meaning: .values, isDefault: false))
        }
        if let transformed {
            outputs.append(
                GraphOutput(
                    name: OutputField.transformName, value: transformed.value, meaning: .values, isVector: true,
                    isDefault: false))
        }
        return outputs + others
    }
}
