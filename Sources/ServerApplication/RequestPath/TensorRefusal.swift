internal import HTTPCore
internal import InferenceAPI
internal import ServingProtocols

/// An error as the Open Inference Protocol tells it, over HTTP or gRPC.
struct TensorRefusal {
    let status: HTTPStatus
    let fields: ResponseFields
    /// Over gRPC the status's text alone.
    let body: [UInt8]
    /// nil over HTTP.
    let code: GRPCStatusCode?

    /// - Parameter origin: header fields that name the model, where it is known.
    init(_ error: InferenceError, _ route: RequestRoute, _ origin: [(name: String, value: String)] = []) {
        status = OpenInferenceError.status(error)
        let text = OpenInferenceError.text(error)
        guard route.wire != .call else {
            fields = .none
            body = Array(text.utf8)
            code = OpenInferenceError.code(error)
            return
        }
        fields = AnswerFields.json(like: AnswerFields.refusal(error, origin))
        body = OpenInferenceError.body(text)
        code = nil
    }

    /// HTTP's, which is 200 for whatever becomes of a call.
    var countedStatus: HTTPStatus { code == nil ? status : .ok }
}
