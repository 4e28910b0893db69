internal import ByteCoding
internal import HTTPCore
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Synchronization
internal import TensorCore

/// What a loop keeps ready for the answers of one model.
final class ModelPresentation: Sendable {
    let encoder: NativeResponseEncoder
    private let tableEncoder: NativeTableEncoder
    private let jsonFields: ResponseFields
    private let linesFields: ResponseFields
    private let tableFields: ResponseFields
    /// Numbers of an answer for one row.
    let outputsPerRow: Int
    private let model: ServedModel
    private let generation: Int
    private let tensors = AtomicLazyReference<OpenInferencePresentation>()

    /// - Parameter generation: of the snapshot that the model serves in.
    init(_ model: ServedModel, generation: Int) {
        self.model = model
        self.generation = generation
        encoder = NativeResponseEncoder(outputs: model.signature.outputs)
        tableEncoder = NativeTableEncoder(outputs: model.signature.outputs)
        jsonFields = AnswerFields.prediction(by: model, generation: generation, as: .json)
        linesFields = AnswerFields.prediction(by: model, generation: generation, as: .lines)
        tableFields = AnswerFields.prediction(by: model, generation: generation, as: .table)
        outputsPerRow = model.signature.outputs.reduce(0) { $0 + $1.width }
    }

    /// For answers by the Open Inference Protocol; made for the first.
    var openInference: OpenInferencePresentation {
        tensors.load() ?? tensors.storeIfNil(OpenInferencePresentation(model, generation: generation))
    }

    /// The header fields of an answer.
    func fields(_ answer: NativeFormat.Answer) -> ResponseFields {
        switch answer {
        case .json: jsonFields
        case .lines: linesFields
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
        if let isolation {
            // One of the model's own refusals is as long as one of the decoder's; a row has several of them at most.
            var faultyRows = 0
            var last = -1
            for fault in output.faults where rows.contains(fault.row) && fault.row != last {
                faultyRows += 1
                last = fault.row
            }
            guard isolation.failures.count + faultyRows <= RowIsolation.failuresMax else {
                return .tooLarge(limit: "\(RowIsolation.failuresMax) rows with errors")
            }
        } else if let fault = output.firstFault(in: rows) {
            return FaultProblem.error(fault, request, firstRow: rows.lowerBound, layout)
        }
        if request.answer == .json, isolation == nil {
            encoder.encode(output, rows: rows, isSingle: request.isSingle, into: &writer)
            return nil
        }
        let outcomes = RowOutcomes(rows, isolation, request, layout)
        switch request.answer {
        case .json: encoder.encode(output, outcomes, into: &writer)
        case .lines: encoder.encodeLines(output, outcomes, into: &writer)
        case .table:
            // In the writer's own room, which its next document finds again.
            var table = CSVWriter(writer.take())
            tableEncoder.encode(output, outcomes, isolatesRows: isolation != nil, into: &table)
            writer = JSONWriter(adopting: table.take())
        }
        return nil
    }
}
