internal import ServingProtocols

/// A decoded request of any protocol; its rows are in the model's batch.
enum PredictionRequest: Sendable {
    case native(NativeRequest)
    case openInference(OpenInferenceRequest)
}
