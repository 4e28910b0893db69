internal import InferenceEngine
internal import TensorCore

/// Buffers for predictions of one model, used again from call to call. For one thread at a time; make one a thread.
public final class Session {
    private let model: Model
    private let workspace: Workspace
    private var batch: RowBatch
    private var output: OutputBatch

    init(_ model: Model) {
        self.model = model
        workspace = model.compiled.predictor.makeWorkspace()
        batch = RowBatch(layout: model.compiled.layout)
        output = OutputBatch(fields: model.compiled.signature.outputs)
    }

    /// Predicts one record by column name. A column that is left out is missing.
    /// - Throws: `ModelError.row` where a value does not fit the model.
    public func predict(record: [String: Value]) throws(ModelError) -> Prediction {
        try predict(records: [record])[0]
    }

    /// Predicts records by column name, in one batch.
    /// - Throws: `ModelError.row`, for the first row that does not fit the model.
    public func predict(records: [[String: Value]]) throws(ModelError) -> [Prediction] {
        batch.removeAll()
        for (index, record) in records.enumerated() {
            let row = batch.appendRow()
            for (name, value) in record {
                guard let column = model.compiled.layout.index(ofName: name) else {
                    throw .row(index, column: name, problem: "the model has no such column")
                }
                try set(value, row: row, column: column)
            }
        }
        return try run()
    }

    /// Predicts rows of numbers in the order of the model's inputs, in one batch; nil is missing.
    /// - Throws: `ModelError.row`, for the first row that does not fit the model.
    public func predict(rows: [[Double?]]) throws(ModelError) -> [Prediction] {
        batch.removeAll()
        for (index, values) in rows.enumerated() {
            let row = batch.appendRow()
            guard values.count == batch.layout.width else {
                throw .row(
                    index, column: nil, problem: "it has \(values.count) values; expected \(batch.layout.width)")
            }
            for (column, value) in values.enumerated() {
                if let value { try set(.number(value), row: row, column: column) }
            }
        }
        return try run()
    }

    // MARK: One value in

    private func set(_ value: Value, row: Int, column: Int) throws(ModelError) {
        func problem(_ text: String) -> ModelError { .row(row, column: name(of: column), problem: text) }
        switch (value, batch.layout.columns[column].kind) {
        case (.missing, _):
            batch.setMissing(row: row, column: column)
        case (.number(let number), .float64):
            batch.setDouble(number, row: row, column: column)
        case (.integer(let integer), .float64):
            batch.setDouble(Double(integer), row: row, column: column)
        case (.integer(let integer), .int64):
            batch.setInt64(integer, row: row, column: column)
        case (.number(let number), .int64):
            if number.isNaN { return batch.setMissing(row: row, column: column) }
            guard let integer = Int64(exactly: number) else { throw problem("\(number) is not a 64-bit integer") }
            batch.setInt64(integer, row: row, column: column)
        case (.text(let text), .string):
            let bytes = Array(text.utf8)
            guard batch.setString(bytes.span, row: row, column: column) else { throw problem("the text is too long") }
        case (.number, .string), (.integer, .string):
            throw problem("a number; expected text")
        case (.text, .float64), (.text, .int64):
            throw problem("text; expected a number")
        }
    }

    private func name(of column: Int) -> String { batch.layout.columns[column].name ?? String(column) }

    // MARK: Predictions out

    private func run() throws(ModelError) -> [Prediction] {
        model.compiled.predictor.predict(batch, into: &output, using: workspace)
        if let fault = output.faults.first {
            throw .row(fault.row, column: name(of: fault.column), problem: fault.reason.text)
        }
        var predictions: [Prediction] = []
        predictions.reserveCapacity(batch.rowCount)
        for row in 0..<batch.rowCount {
            var outputs: [String: Prediction.Output] = [:]
            for field in output.fields.indices { outputs[output.fields[field].name] = value(field: field, row: row) }
            predictions.append(Prediction(outputs: outputs))
        }
        return predictions
    }

    private func value(field index: Int, row: Int) -> Prediction.Output {
        let field = output.fields[index]
        let range = row * field.width..<(row + 1) * field.width
        switch field.kind {
        case .label(let labels):
            return .label(labels.text(at: Int(output.values[index].labels[row])))
        case .values(let type):
            let numbers = self.numbers(index, type, range)
            return field.isVector || numbers.count != 1 ? .numbers(numbers) : .number(numbers[0])
        case .probabilities(let labels, let type):
            let numbers = self.numbers(index, type, range)
            return .probabilities(probabilities(labels, numbers[...]))
        case .labels(let targets):
            return .labels(
                targets.enumerated().map { target, labels in
                    labels.text(at: Int(output.values[index].labels[range.lowerBound + target]))
                })
        case .targetProbabilities(let targets, let type):
            var rest = self.numbers(index, type, range)[...]
            return .targetProbabilities(
                targets.map { labels in
                    defer { rest = rest.dropFirst(labels.count) }
                    return probabilities(labels, rest.prefix(labels.count))
                })
        }
    }

    private func probabilities(_ labels: ClassLabels, _ numbers: ArraySlice<Double>) -> [Prediction.ClassProbability] {
        numbers.enumerated().map { index, number in
            Prediction.ClassProbability(label: labels.text(at: index), probability: number)
        }
    }

    private func numbers(_ index: Int, _ type: ElementType, _ range: Range<Int>) -> [Double] {
        type == .float32
            ? output.values[index].float32[range].map { Double($0) } : Array(output.values[index].float64[range])
    }
}

extension RowFault.Reason {
    fileprivate var text: String {
        switch self {
        case .unknownCategory: "a category that the model has not seen"
        case .exceedsFloat32: "a number beyond float32, which the model computes in"
        case .infinite: "infinite, or made so by a step before the model"
        case .tie:
            "among the values of a row that is equally far from several training rows, and which of them count "
                + "cannot be told"
        case .missingValue: "missing, and the model has no rule for that"
        }
    }
}
