package import ByteCoding
package import InferenceAPI
package import TensorCore

/// Writes the answers of one model, each in the format that its request wants. One a model, made beforehand; the
/// server's loops and `vencejo predict` answer by this alone, so that both answer alike.
package struct NativeAnswerEncoder: Sendable {
    private let encoder: NativeResponseEncoder
    private let tableEncoder: NativeTableEncoder
    /// Numbers of an answer for one row.
    package let outputsPerRow: Int

    package init(outputs: [OutputField]) {
        encoder = NativeResponseEncoder(outputs: outputs)
        tableEncoder = NativeTableEncoder(outputs: outputs)
        outputsPerRow = outputs.reduce(0) { $0 + $1.width }
    }

    /// Writes the answer to a request.
    /// - Parameters:
    ///   - rows: the request's, in the output.
    ///   - isolation: those that could not be decoded, where each row has its own outcome.
    /// - Returns: why there is none; the writer is then as it was.
    package func write(
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
        case .lines, .jsonLines: encoder.encodeLines(output, outcomes, into: &writer)
        case .table:
            // In the writer's own room, which its next document finds again.
            var table = CSVWriter(writer.take())
            tableEncoder.encode(output, outcomes, isolatesRows: isolation != nil, into: &table)
            writer = JSONWriter(adopting: table.take())
        }
        return nil
    }
}
