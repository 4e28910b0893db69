internal import HTTPCore
internal import Serving
internal import ServingProtocols
internal import TensorCore

/// What a loop keeps ready for the answers of one model.
final class ModelPresentation {
    let encoder: NativeResponseEncoder
    let fields: ResponseFields
    /// Numbers of an answer for one row.
    let outputsPerRow: Int

    /// - Parameter generation: of the snapshot that the model serves in.
    init(_ model: ServedModel, generation: Int) {
        encoder = NativeResponseEncoder(outputs: model.signature.outputs)
        fields = AnswerFields.prediction(by: model, generation: generation)
        outputsPerRow = model.signature.outputs.reduce(0) { $0 + $1.width }
    }
}
