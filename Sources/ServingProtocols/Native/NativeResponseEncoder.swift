package import ByteCoding
internal import InferenceAPI
package import TensorCore

/// Encodes a model's outputs as the native protocol's JSON. One a model: the keys and class labels are encoded
/// beforehand.
///
/// - One answer: `{"prediction": 24.1, "probabilities": {"no": 0.2, "yes": 0.8}}`.
/// - Many rows, parallel arrays: `{"predictions": [...], "probabilities": [{...}, ...]}`.
///
/// A model of several targets answers one label a target in `prediction`, and one object a target in `probabilities`:
/// `{"prediction": ["low", 1], "probabilities": [{"high": 0.2, "low": 0.8}, {"0": 0.1, "1": 0.9}]}`.
///
/// A `float32` is printed as the shortest float32; what is not finite is null.
package struct NativeResponseEncoder: Sendable {
    private struct Field: Sendable {
        let output: OutputField
        /// `"prediction":`, and `"predictions":` for many rows.
        let singleKey: [UInt8]
        let manyKey: [UInt8]
        /// Of each target, of which most models have one. For a label: each class as a JSON value. For probabilities:
        /// each class as a key, with its colon.
        let targets: [[[UInt8]]]
    }

    private let fields: [Field]

    package init(outputs: [OutputField]) {
        fields = outputs.map { output in
            let isPrediction = output.name == OutputField.predictionName
            return Field(
                output: output, singleKey: Self.key(output.name),
                manyKey: Self.key(isPrediction ? "predictions" : output.name),
                targets: Self.encodedLabels(output.kind))
        }
    }

    /// Writes the answer for `rows` of the batch.
    package func encode(
        _ batch: borrowing OutputBatch, rows: Range<Int>, isSingle: Bool, into writer: inout JSONWriter
    ) {
        writer.beginObject()
        for index in fields.indices {
            writer.encoded(isSingle ? fields[index].singleKey : fields[index].manyKey, isKey: true)
            if isSingle {
                encodeRow(batch, index, rows.lowerBound, &writer)
                continue
            }
            writer.beginArray()
            for row in rows { encodeRow(batch, index, row, &writer) }
            writer.endArray()
        }
        writer.endDocument()
    }

    /// Writes the answer in which each row has its own outcome, in the order of the request's rows:
    ///
    ///     {"results": [{"prediction": 24.1}, {"error": {"detail": "...", "pointer": "/1/age", ...}}], "errors": 1}
    package func encode(
        _ batch: borrowing OutputBatch, _ outcomes: consuming RowOutcomes, into writer: inout JSONWriter
    ) {
        var errors = 0
        writer.beginObject()
        writer.key("results")
        writer.beginArray()
        while let outcome = outcomes.next(of: batch) {
            if case .error = outcome { errors += 1 }
            encode(outcome, of: batch, into: &writer)
        }
        writer.endArray()
        writer.member("errors", errors)
        writer.endDocument()
    }

    /// Writes the answer as one document a row: `{"prediction": 24.1}`, or `{"error": {...}}`.
    package func encodeLines(
        _ batch: borrowing OutputBatch, _ outcomes: consuming RowOutcomes, into writer: inout JSONWriter
    ) {
        while let outcome = outcomes.next(of: batch) {
            encode(outcome, of: batch, into: &writer)
            writer.endLine()
        }
    }

    private func encode(_ outcome: RowOutcome, of batch: borrowing OutputBatch, into writer: inout JSONWriter) {
        writer.beginObject()
        switch outcome {
        case .row(let row):
            for index in fields.indices {
                writer.encoded(fields[index].singleKey, isKey: true)
                encodeRow(batch, index, row, &writer)
            }
        case .error(let problem):
            writer.key("error")
            writer.beginObject()
            writer.member("detail", problem.detail)
            ProblemDocument.write(problem, into: &writer)
            writer.endObject()
        }
        writer.endObject()
    }

    private func encodeRow(
        _ batch: borrowing OutputBatch, _ index: Int, _ row: Int, _ writer: inout JSONWriter
    ) {
        let output = fields[index].output
        let first = row * output.width
        switch output.kind {
        case .label:
            writer.encoded(fields[index].targets[0][Int(batch.values[index].labels[row])])
        case .labels:
            writer.beginArray()
            for (target, labels) in fields[index].targets.enumerated() {
                writer.encoded(labels[Int(batch.values[index].labels[first + target])])
            }
            writer.endArray()
        case .probabilities(_, let element):
            encodeProbabilities(batch, index, fields[index].targets[0], first, element, &writer)
        case .targetProbabilities(_, let element):
            writer.beginArray()
            var place = first
            for labels in fields[index].targets {
                encodeProbabilities(batch, index, labels, place, element, &writer)
                place += labels.count
            }
            writer.endArray()
        case .values(let element):
            guard output.isVector else { return encodeNumber(batch, index, first, element, &writer) }
            writer.beginArray()
            for column in 0..<output.width { encodeNumber(batch, index, first + column, element, &writer) }
            writer.endArray()
        }
    }

    private func encodeProbabilities(
        _ batch: borrowing OutputBatch, _ index: Int, _ labels: [[UInt8]], _ first: Int, _ element: ElementType,
        _ writer: inout JSONWriter
    ) {
        writer.beginObject()
        for column in labels.indices {
            writer.encoded(labels[column], isKey: true)
            encodeNumber(batch, index, first + column, element, &writer)
        }
        writer.endObject()
    }

    private func encodeNumber(
        _ batch: borrowing OutputBatch, _ index: Int, _ place: Int, _ element: ElementType, _ writer: inout JSONWriter
    ) {
        if element == .float32 {
            writer.number(batch.values[index].float32[place])
        } else {
            writer.number(batch.values[index].float64[place])
        }
    }

    // MARK: Made once

    private static func key(_ name: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.key(name)
        return writer.bytes
    }

    private static func encodedLabels(_ kind: OutputField.Kind) -> [[[UInt8]]] {
        switch kind {
        case .values: []
        case .label(let labels): [encodedLabels(labels)]
        case .probabilities(let labels, _): [encodedKeys(labels)]
        case .labels(let targets): targets.map { encodedLabels($0) }
        case .targetProbabilities(let targets, _): targets.map { encodedKeys($0) }
        }
    }

    private static func encodedLabels(_ labels: ClassLabels) -> [[UInt8]] {
        (0..<labels.count).map { encodedLabel(labels, at: $0) }
    }

    private static func encodedKeys(_ labels: ClassLabels) -> [[UInt8]] {
        (0..<labels.count).map { key(labels.text(at: $0)) }
    }

    private static func encodedLabel(_ labels: ClassLabels, at index: Int) -> [UInt8] {
        var writer = JSONWriter()
        switch labels {
        case .integers(let values): writer.number(values[index])
        case .doubles(let values): writer.number(values[index])
        case .booleans(let values): writer.bool(values[index])
        case .strings(let values): writer.string(values[index])
        }
        return writer.bytes
    }
}
