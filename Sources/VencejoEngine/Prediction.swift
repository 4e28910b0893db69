/// The outputs of a model for one row.
public struct Prediction: Sendable, Hashable {
    /// One output.
    public enum Output: Sendable, Hashable {
        case number(Double)
        case numbers([Double])
        /// A class, by its label as text.
        case label(String)
        /// One probability a class, in the order of `ModelSummary.Output.labels`.
        case probabilities([ClassProbability])
        /// One label a target, of a model of several targets.
        case labels([String])
        /// The probabilities of each target's classes, in the order of `ModelSummary.Output.targets`.
        case targetProbabilities([[ClassProbability]])
    }

    /// A class and its probability.
    public struct ClassProbability: Sendable, Hashable {
        public let label: String
        public let probability: Double
    }

    /// By name: `prediction`, and `probabilities` where the model is a classifier that has them.
    public let outputs: [String: Output]

    /// What the saved object's own `predict` returns.
    public var prediction: Output? { outputs["prediction"] }
}
