internal import ByteCoding
internal import HTTPCore
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import TensorCore

/// What a loop keeps ready for the answers of one model.
final class ModelPresentation: Sendable {
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
            encoder.encode(output, rows: rows, isolation, request, layout, into: &writer)
            return nil
        }
        if let fault = output.firstFault(in: rows) {
            return FaultProblem.error(fault, request, firstRow: rows.lowerBound, layout)
        }
        encoder.encode(output, rows: rows, isSingle: request.isSingle, into: &writer)
        return nil
    }
}
