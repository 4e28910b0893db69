internal import ByteCoding
internal import Glibc
internal import InferenceAPI
internal import InferenceEngine
internal import ModelIR
internal import ServingProtocols
internal import TensorCore

/// `vencejo predict`: the server's own decoding, prediction and encoding, without the server.
public enum OfflinePrediction {
    private static let inputBytesMax = 1 << 30

    /// What to compute, and how rows and answers are written.
    public struct Options: Sendable {
        /// Names of the outputs to compute, or `all`; empty for those that the server answers.
        public var outputs: [String] = []
        /// The predictor to force; nil lets the compiler choose.
        public var predictor: String?
        /// The boosting rounds that predict; nil for those that the library would use.
        public var iterationRange: Range<Int>?
        /// The file of rows; nil or `-` for standard input.
        public var rows: String?
        /// How the rows are written; nil for what the file's name or its first bytes tell.
        public var from: RowFormat?
        /// How the answers are written; nil for the format of the rows.
        public var to: RowFormat?
        /// Whether the first line of a CSV names the columns; nil to let it tell by itself.
        public var hasHeader: Bool?
        /// Whether each row has its own result or error.
        public var isolatesRows = false
        /// The file to write; nil for standard output.
        public var output: String?

        public init() {}
    }

    /// Predicts the rows and writes the answers.
    /// - Parameter path: the model file.
    /// - Throws: `CommandError` if they cannot be answered; nothing is written then.
    public static func run(path: String, _ options: Options = Options()) throws(CommandError) {
        let selection: OutputSelection =
            options.outputs.isEmpty ? .defaults : options.outputs == ["all"] ? .all : .named(options.outputs)
        let model = try ModelFile(
            path: path, outputs: selection, predictor: options.predictor,
            options: ImportOptions(iterationRange: options.iterationRange)
        ).compiled
        let input = try read(options.rows, ExampleRequest.text(model.signature))
        let name = options.rows == "-" ? nil : options.rows
        let from = options.from ?? RowFormat(of: input.span, name: name)
        guard options.hasHeader == nil || from == .csv else {
            throw CommandError("--header is of rows in CSV; these are read as \(from.rawValue)")
        }
        let format = NativeFormat(body: from.body(hasHeader: options.hasHeader), answer: (options.to ?? from).answer)
        let answer: [UInt8]
        do throws(InferenceError) {
            answer = try predict(input.span, as: format, model, isolatesRows: options.isolatesRows)
        } catch {
            let place = "\(name ?? "standard input"), read as \(from.rawValue)"
            throw CommandError(explain(ProblemDocument(error), model.signature, place))
        }
        do throws(SystemFile.FileError) {
            if let output = options.output {
                try SystemFile.write(answer, to: output)
            } else {
                try SystemFile.writeStandardOutput(answer)
            }
        } catch {
            throw CommandError("\(error)")
        }
    }

    private static func predict(
        _ body: Span<UInt8>, as format: NativeFormat, _ model: CompiledModel, isolatesRows: Bool
    ) throws(InferenceError) -> [UInt8] {
        let encoder = NativeAnswerEncoder(outputs: model.signature.outputs)
        var decoder = NativeRequestDecoder(numbersMax: 1 << 27)
        var batch = RowBatch(layout: model.layout)
        var isolation = isolatesRows ? RowIsolation() : nil
        let request = try decoder.decode(
            body, as: format, outputsPerRow: encoder.outputsPerRow, isolation: &isolation, into: &batch)
        var outputs = OutputBatch(fields: model.signature.outputs)
        model.predictor.predict(batch, into: &outputs, using: model.predictor.makeWorkspace())
        var writer = JSONWriter()
        let rows = 0..<batch.rowCount
        if let error = encoder.write(outputs, rows, request, isolation, model.layout, into: &writer) { throw error }
        return writer.take()
    }

    private static func read(_ path: String?, _ example: String) throws(CommandError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(SystemFile.FileError) {
            if let path, path != "-" {
                bytes = try SystemFile.read(path, bytesMax: inputBytesMax)
            } else {
                if isatty(STDIN_FILENO) == 1 { SystemFile.complain("type rows such as \(example), then Ctrl-D\n") }
                bytes = try SystemFile.readStandardInput(bytesMax: inputBytesMax)
            }
        } catch {
            throw CommandError("\(error)")
        }
        guard !bytes.starts(with: [0x1f, 0x8b]) else {
            let file = path == nil || path == "-" ? "FILE" : path ?? ""
            throw CommandError(
                "the rows are compressed with gzip; unpack them on the way: gunzip -c \(file) | vencejo predict MODEL")
        }
        return bytes
    }

    /// The problem as a person at a terminal reads it.
    private static func explain(_ document: ProblemDocument, _ signature: Signature, _ rows: String) -> String {
        var lines = [document.detail, "  rows:     \(rows)"]
        if let problem = document.problem {
            var places = [problem.place, problem.pointer.isEmpty ? nil : problem.pointer].compactMap { $0 }
            if let offset = problem.offset { places.append("byte \(offset)") }
            if !places.isEmpty { lines.append("  where:    \(places.joined(separator: ", "))") }
            if let found = problem.found { lines.append("  found:    \(found)") }
            if let expected = problem.expected { lines.append("  expected: \(expected)") }
            if let nearest = problem.nearest { lines.append("  nearest:  \(nearest)") }
        }
        lines.append("  example:  \(ExampleRequest.text(signature))")
        return lines.joined(separator: "\n")
    }
}
