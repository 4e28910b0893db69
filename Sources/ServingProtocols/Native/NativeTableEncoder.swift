package import ByteCoding
internal import InferenceAPI
package import TensorCore

/// Encodes a model's outputs as CSV with a header, a row a line. The columns are named as the paths in the JSON answer
/// for one row, as `pandas.json_normalize` does: `prediction`, `probabilities.no`, `probabilities.yes`; of a list by
/// their numbers: `prediction.0`. What is not finite is an empty cell.
///
/// Where each row has its own outcome, the last column is `error`: empty, or what is wrong with the row.
package struct NativeTableEncoder: Sendable {
    private let outputs: [OutputField]
    /// Cells of a row.
    private let width: Int

    package init(outputs: [OutputField]) {
        self.outputs = outputs
        width = outputs.reduce(0) { $0 + $1.width }
    }

    /// Writes the answer.
    /// - Parameter isolatesRows: whether there is a column for errors.
    package func encode(
        _ batch: borrowing OutputBatch, _ outcomes: consuming RowOutcomes, isolatesRows: Bool,
        into writer: inout CSVWriter
    ) {
        for output in outputs { encodeNames(output, &writer) }
        if isolatesRows { writer.text("error") }
        writer.endLine()
        while let outcome = outcomes.next(of: batch) {
            switch outcome {
            case .row(let row):
                for index in outputs.indices { encodeRow(batch, index, row, &writer) }
                if isolatesRows { writer.empty() }
            case .error(let problem):
                for _ in 0..<width { writer.empty() }
                writer.text(problem.sentence)
            }
            writer.endLine()
        }
    }

    private func encodeNames(_ output: OutputField, _ writer: inout CSVWriter) {
        switch output.kind {
        case .probabilities(let labels, _):
            for class_ in 0..<labels.count { writer.text("\(output.name).\(labels.text(at: class_))") }
        case .targetProbabilities(let targets, _):
            for (target, labels) in targets.enumerated() {
                for class_ in 0..<labels.count { writer.text("\(output.name).\(target).\(labels.text(at: class_))") }
            }
        case .values, .label, .labels:
            guard output.isVector else { return writer.text(output.name) }
            for place in 0..<output.width { writer.text("\(output.name).\(place)") }
        }
    }

    private func encodeRow(_ batch: borrowing OutputBatch, _ index: Int, _ row: Int, _ writer: inout CSVWriter) {
        let width = outputs[index].width
        let places = row * width..<(row + 1) * width
        switch outputs[index].kind {
        case .label(let labels): encode(labels, at: Int(batch.values[index].labels[row]), &writer)
        case .labels(let targets):
            for (target, labels) in targets.enumerated() {
                encode(labels, at: Int(batch.values[index].labels[places.lowerBound + target]), &writer)
            }
        case .values(.float32), .probabilities(_, .float32), .targetProbabilities(_, .float32):
            for place in places { writer.number(batch.values[index].float32[place]) }
        case .values, .probabilities, .targetProbabilities:
            for place in places { writer.number(batch.values[index].float64[place]) }
        }
    }

    private func encode(_ labels: ClassLabels, at index: Int, _ writer: inout CSVWriter) {
        switch labels {
        case .integers(let values): writer.number(values[index])
        case .doubles(let values): writer.number(values[index])
        case .booleans(let values): writer.text(values[index] ? "true" : "false")
        case .strings(let values): writer.text(values[index])
        }
    }
}
