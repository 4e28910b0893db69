internal import ByteCoding
internal import Glibc
internal import InferenceAPI
internal import InferenceEngine
internal import ModelIR
internal import ServingProtocols
internal import TensorCore

/// `vencejo predict`: the server's own decoding, prediction and encoding, without the server. One JSON document, or
/// one a line.
public enum OfflinePrediction {
    private static let inputBytesMax = 1 << 30

    /// Predicts standard input's rows and hands each answer's text to `output`.
    /// - Parameters:
    ///   - path: the model file.
    ///   - outputs: names of the outputs to compute, or `all`; empty for those that the server answers.
    ///   - predictor: the predictor to force; nil lets the compiler choose.
    ///   - iterationRange: the boosting rounds that predict; nil for those that the library would use.
    ///   - output: takes each answer.
    /// - Throws: `CommandError` at the first document that cannot be answered.
    public static func run(
        path: String, outputs: [String] = [], predictor: String? = nil, iterationRange: Range<Int>? = nil,
        output: (String) -> Void
    ) throws(CommandError) {
        let selection: OutputSelection = outputs.isEmpty ? .defaults : outputs == ["all"] ? .all : .named(outputs)
        let model = try ModelFile(
            path: path, outputs: selection, predictor: predictor,
            options: ImportOptions(iterationRange: iterationRange)
        ).compiled
        let input: [UInt8]
        do {
            input = try SystemFile.readStandardInput(bytesMax: inputBytesMax)
        } catch {
            throw CommandError("\(error)")
        }
        var session = Session(model)
        let lines = documents(in: input)
        for (index, range) in lines.enumerated() {
            do {
                output(try session.answer(input.span.extracting(range)))
            } catch {
                let document = ProblemDocument(error)
                let place = lines.count > 1 ? "line \(index + 1): " : ""
                throw CommandError(place + explain(document, model.signature))
            }
        }
    }

    /// The problem as a person at a terminal reads it.
    private static func explain(_ document: ProblemDocument, _ signature: Signature) -> String {
        var lines = [document.detail]
        if let problem = document.problem {
            let place = problem.offset.map { "byte \($0)" } ?? problem.pointer
            if !place.isEmpty { lines.append("  where:    \(place)") }
            if let found = problem.found { lines.append("  found:    \(found)") }
            if let expected = problem.expected { lines.append("  expected: \(expected)") }
            if let nearest = problem.nearest { lines.append("  nearest:  \(nearest)") }
        }
        lines.append("  example:  \(ExampleRequest.text(signature))")
        return lines.joined(separator: "\n")
    }

    /// One model with the scratch of its calls.
    private struct Session: ~Copyable {
        private let model: CompiledModel
        private let workspace: Workspace
        private let encoder: NativeResponseEncoder
        private var decoder = NativeRequestDecoder(numbersMax: 1 << 27)
        private var batch: RowBatch
        private var outputs: OutputBatch

        init(_ model: CompiledModel) {
            self.model = model
            workspace = model.predictor.makeWorkspace()
            encoder = NativeResponseEncoder(outputs: model.signature.outputs)
            batch = RowBatch(layout: model.layout)
            outputs = OutputBatch(fields: model.signature.outputs)
        }

        mutating func answer(_ body: Span<UInt8>) throws(InferenceError) -> String {
            batch.removeAll()
            let request = try decoder.decode(body, into: &batch)
            model.predictor.predict(batch, into: &outputs, using: workspace)
            if let fault = outputs.faults.first { throw FaultProblem.error(fault, request, firstRow: 0, model.layout) }
            var writer = JSONWriter()
            encoder.encode(outputs, rows: 0..<batch.rowCount, isSingle: request.isSingle, into: &writer)
            return String(decoding: writer.bytes.dropLast(), as: UTF8.self)
        }
    }

    /// Where the documents lie: each line if the first line alone is a document and others follow, else the whole
    /// input.
    private static func documents(in input: [UInt8]) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for index in 0...input.count where index == input.count || input[index] == 0x0a {
            if input[start..<index].contains(where: { $0 != 0x20 && $0 != 0x0d && $0 != 0x09 }) {
                lines.append(start..<index)
            }
            start = index + 1
        }
        guard lines.count > 1, isDocument(input.span.extracting(lines[0])) else { return [0..<input.count] }
        return lines
    }

    private static func isDocument(_ bytes: Span<UInt8>) -> Bool {
        var reader = JSONReader(bytes)
        return (try? reader.skipValue()) != nil && (try? reader.finish()) != nil
    }
}
