internal import HTTPCore
internal import ServingProtocols

/// How a prediction's body is written.
enum RequestFormat: Sendable {
    case native(NativeFormat)
    /// - jsonBytes: see ``OpenInferenceDecoder/decode(_:jsonBytes:of:into:)``.
    case openInference(jsonBytes: Int?)
    /// A message of gRPC.
    case call

    /// The answer to a head whose body cannot be read.
    struct Refusal: Error {
        let document: ProblemDocument
        let fields: ResponseFields
    }

    /// As the head of a route that predicts over HTTP tells.
    init(_ head: borrowing RequestHead, _ route: RequestRoute) throws(Refusal) {
        do throws(BodyType.Unsupported) {
            guard route.wire == .openInference else {
                self = .native(try BodyType.format(of: head))
                return
            }
            // The protocol's clients send any type, or none: only the field of the JSON's length counts.
            try BodyType.checkCoding(head)
        } catch {
            throw Refusal(document: error.document, fields: error.fields)
        }
        guard let value = head.value(of: .inferenceHeaderContentLength) else {
            self = .openInference(jsonBytes: nil)
            return
        }
        // A sign is no digit.
        guard value.count > 0, value[0] &- 0x30 < 10, let length = Int32(value.text), length >= 0 else {
            let document = ProblemDocument(
                .badRequest, title: "A field of the request cannot be read",
                detail: "Inference-Header-Content-Length is not the length of the JSON in bytes")
            throw Refusal(document: document, fields: AnswerFields.problem)
        }
        self = .openInference(jsonBytes: Int(length))
    }
}
