internal import HTTPCore
internal import Serving
internal import ServingProtocols
internal import TensorCore

/// What a loop keeps ready for the answers of one model.
final class ModelPresentation {
    let encoder: NativeResponseEncoder
    let fields: ResponseFields

    init(_ model: ServedModel) {
        encoder = NativeResponseEncoder(outputs: model.signature.outputs)
        fields = AnswerFields.prediction(by: model)
    }
}
