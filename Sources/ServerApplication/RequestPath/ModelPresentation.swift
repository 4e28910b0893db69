internal import ByteCoding
internal import HTTPCore
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Synchronization
internal import TensorCore

/// What a loop keeps ready for the answers of one model.
final class ModelPresentation: Sendable {
    private let encoder: NativeAnswerEncoder
    private let jsonFields: ResponseFields
    private let linesFields: ResponseFields
    private let jsonLinesFields: ResponseFields
    private let tableFields: ResponseFields
    /// Numbers of an answer for one row.
    var outputsPerRow: Int { encoder.outputsPerRow }
    private let model: ServedModel
    private let generation: Int
    private let tensors = AtomicLazyReference<OpenInferencePresentation>()

    /// - Parameter generation: of the snapshot that the model serves in.
    init(_ model: ServedModel, generation: Int) {
        self.model = model
        self.generation = generation
        encoder = NativeAnswerEncoder(outputs: model.signature.outputs)
        jsonFields = AnswerFields.prediction(by: model, generation: generation, as: .json)
        linesFields = AnswerFields.prediction(by: model, generation: generation, as: .lines)
        jsonLinesFields = AnswerFields.prediction(by: model, generation: generation, as: .jsonLines)
        tableFields = AnswerFields.prediction(by: model, generation: generation, as: .table)
    }

    /// For answers by the Open Inference Protocol; made for the first.
    var openInference: OpenInferencePresentation {
        tensors.load() ?? tensors.storeIfNil(OpenInferencePresentation(model, generation: generation))
    }

    /// The header fields of any answer that tell where it comes from.
    var origin: [(name: String, value: String)] { AnswerFields.origin(model, generation: generation) }

    /// The header fields of an answer.
    func fields(_ answer: NativeFormat.Answer) -> ResponseFields {
        switch answer {
        case .json: jsonFields
        case .lines: linesFields
        case .jsonLines: jsonLinesFields
        case .table: tableFields
        }
    }

    /// Writes the answer to a request.
    /// - Parameters:
    ///   - rows: the request's, in the output.
    ///   - isolation: those that could not be decoded, where each row has its own outcome.
    /// - Returns: why there is none; the writer is then as it was.
    func write(
        _ output: borrowing OutputBatch, _ rows: Range<Int>, _ request: NativeRequest, _ isolation: RowIsolation?,
        _ layout: RowLayout, into writer: inout JSONWriter
    ) -> InferenceError? {
        encoder.write(output, rows, request, isolation, layout, into: &writer)
    }
}
