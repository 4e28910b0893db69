internal import InferenceEngine
internal import ModelIR
internal import TensorCore

/// What a model file holds, and what the model takes and gives.
public struct ModelSummary: Sendable, Hashable {
    /// One column of a record.
    public struct Input: Sendable, Hashable {
        /// The name in the training data; nil if the model was trained on a bare matrix.
        public let name: String?
        /// Whether it takes text instead of numbers.
        public let isText: Bool
        /// Whether a record may leave it out.
        public let acceptsMissing: Bool
        /// The categories it knows, if it is text that is encoded.
        public let categories: [String]
    }

    /// One named output.
    public struct Output: Sendable, Hashable {
        public let name: String
        /// Numbers a row.
        public let width: Int
        /// The classes, for labels and probabilities of one target.
        public let labels: [String]
        /// The classes of each target, for a model of several.
        public let targets: [[String]]
    }

    /// The file's format, such as `pickle`.
    public let format: String
    /// The library that wrote it, with its version where the file tells.
    public let producer: String
    public let inputs: [Input]
    public let outputs: [Output]
    /// How predictions are computed, such as `forest-ranked`, and why so.
    public let predictor: String
    public let predictorReason: String

    init(_ imported: ImportedModel, _ compiled: CompiledModel) {
        format = imported.format
        producer = imported.producer
        inputs = compiled.signature.inputs.map { column in
            Input(
                name: column.name, isText: column.kind == .string, acceptsMissing: column.acceptsMissing,
                categories: column.categories)
        }
        outputs = compiled.signature.outputs.map { field in
            Output(
                name: field.name, width: field.width, labels: field.labels?.texts ?? [],
                targets: field.targets.map(\.texts))
        }
        predictor = compiled.predictor.report.name
        predictorReason = compiled.predictor.report.reason
    }
}

extension OutputField {
    /// The classes of a label or of probabilities.
    var labels: ClassLabels? {
        switch kind {
        case .label(let labels), .probabilities(let labels, _): labels
        case .values, .labels, .targetProbabilities: nil
        }
    }

    /// The classes of each of several targets.
    fileprivate var targets: [ClassLabels] {
        switch kind {
        case .labels(let targets), .targetProbabilities(let targets, _): targets
        case .values, .label, .probabilities: []
        }
    }
}

extension ClassLabels {
    fileprivate var texts: [String] { (0..<count).map { text(at: $0) } }
}
