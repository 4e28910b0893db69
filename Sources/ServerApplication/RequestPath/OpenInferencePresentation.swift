internal import HTTPCore
internal import Serving
internal import ServingProtocols

/// What a loop keeps ready for a model's answers by the Open Inference Protocol.
final class OpenInferencePresentation: Sendable {
    let model: OpenInferenceModel
    private let jsonFields: ResponseFields
    private let binaryFields: ResponseFields
    /// By the length of the JSON, in steps: most answers' JSON is short.
    private let lengthFields: [ResponseFields]

    private static let lengthsKept = 8
    private static let step = OpenInferenceWriter.headerStep

    init(_ model: ServedModel, generation: Int) {
        self.model = OpenInferenceModel(name: model.name, version: model.version, signature: model.signature)
        jsonFields = AnswerFields.prediction(by: model, generation: generation, as: .json)
        let binary = AnswerFields.binary(like: jsonFields)
        binaryFields = binary
        lengthFields = (1...Self.lengthsKept).map { Self.fields(binary, headerBytes: $0 * Self.step) }
    }

    /// The header fields of an answer.
    /// - Parameter headerBytes: of its JSON where binary tensors follow, else 0.
    func fields(headerBytes: Int) -> ResponseFields {
        guard headerBytes > 0 else { return jsonFields }
        let place = headerBytes / Self.step - 1
        return lengthFields.indices.contains(place)
            ? lengthFields[place] : Self.fields(binaryFields, headerBytes: headerBytes)
    }

    private static func fields(_ fields: ResponseFields, headerBytes: Int) -> ResponseFields {
        fields.adding([("Inference-Header-Content-Length", "\(headerBytes)")])
    }
}
