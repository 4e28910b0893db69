internal import InferenceAPI
internal import ServingProtocols
internal import TensorCore

/// Decodes predictions of any protocol. One instance serves one thread.
struct PredictionDecoder {
    private var native = NativeRequestDecoder()
    var openInference = OpenInferenceDecoder()

    /// Appends the body's rows to the batch.
    /// - Parameter isolation: for native requests; others fail as a whole.
    mutating func decode(
        _ body: Span<UInt8>, as format: RequestFormat, _ presentation: ModelPresentation,
        isolation: inout RowIsolation?, into batch: inout RowBatch
    ) throws(InferenceError) -> PredictionRequest {
        switch format {
        case .native(let format):
            .native(
                try native.decode(
                    body, as: format, outputsPerRow: presentation.outputsPerRow, isolation: &isolation, into: &batch))
        case .openInference(let jsonBytes):
            .openInference(
                try openInference.decode(
                    body, jsonBytes: jsonBytes, of: presentation.openInference.model, into: &batch))
        case .call:
            .openInference(try openInference.decode(message: body, of: presentation.openInference.model, into: &batch))
        }
    }
}
