/// How a linear classifier's decisions become probabilities.
enum LinearProbabilities {
    /// The class has no `predict_proba`.
    case none
    /// One logistic function a class, over their sum; all equal where all are zero, in versions that do so.
    case logistic(uniformAtZero: Bool)
    /// With two classes: softmax([-d, d]).
    case softmax
    /// (clip(d, -1, 1) + 1) / 2, over their sum: SGDClassifier's modified Huber loss.
    case clipped
}
