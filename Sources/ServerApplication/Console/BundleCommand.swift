internal import InferenceEngine
internal import ModelFormats
internal import ModelIR
internal import TensorCore

/// `vencejo bundle`: makes, checks and shows what is uploaded as one file: a model with its `vencejo.json`.
public enum BundleCommand {
    private static let descriptionBytesMax = 64 << 20

    /// Packs a model with a description, proves that it can be served, and writes the bundle.
    /// - Parameters:
    ///   - model: the model's file, or an MLflow folder.
    ///   - description: a `vencejo.json` to put beside it; nil writes one that only names the model.
    ///   - name: what the model is to be called, where the description does not say.
    ///   - iterationRange: the boosting rounds that predict, without a description.
    ///   - output: the file to write; what stands there is replaced.
    /// - Returns: what to print.
    public static func make(
        model: String, description: String?, name: String?, iterationRange: Range<Int>? = nil, output: String
    ) throws(CommandError) -> String {
        if let name, !ModelSource.isValidName(name) {
            throw CommandError("--name: \"\(name)\" is not a model name; \(ModelSource.nameRule)")
        }
        do {
            var files: [(path: String, contents: [UInt8])]
            var artifactName = String(model.split(separator: "/").last ?? "model")
            if SystemFile.isDirectory(model) {
                files = try ArtifactFile.files(of: model, bytesMax: ModelFile.bytesMax)
                artifactName = "MLmodel"
            } else {
                files = [(path: artifactName, contents: try SystemFile.read(model, bytesMax: ModelFile.bytesMax))]
            }
            let text: [UInt8]
            if let description {
                guard iterationRange == nil else {
                    throw CommandError("\(description): put the range into its options as iteration_range")
                }
                text = try SystemFile.read(description, bytesMax: descriptionBytesMax, onlyRegular: true)
            } else {
                text = FolderPacking.description(
                    name: name, artifact: artifactName, options: ImportOptions(iterationRange: iterationRange))
            }
            files.removeAll { $0.path == FolderPacking.descriptionName }
            files.append((path: FolderPacking.descriptionName, contents: text))
            let bundle = FolderPacking.pack(files)
            let checked = try ModelFile(bundle, path: output)
            try SystemFile.write(bundle, to: output)
            return "\(output): \(bundle.count) bytes; " + summary(checked)
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError("\(error)")
        }
    }

    /// Imports a bundle, or any model, and runs its golden rows.
    public static func check(path: String) throws(CommandError) -> String {
        "\(path): " + summary(try ModelFile(path: path))
    }

    /// What a bundle tells of its model.
    public static func show(path: String) throws(CommandError) -> String {
        let model = try ModelFile(path: path)
        let metadata = model.imported.metadata
        let policy = model.compiled.signature.recordPolicy
        var lines = ["\(path)", "  format      \(model.imported.format)"]
        if let name = metadata.name { lines.append("  name        \(name)") }
        for note in metadata.notes { lines.append("  \(note.name): \(note.text)") }
        lines.append("  unknown     \(policy.unknownFields.rawValue)")
        lines.append("  absent      \(policy.absentFields.rawValue)")
        lines.append("  outputs     \(model.compiled.signature.outputs.map(\.name).joined(separator: ", "))")
        lines.append("  golden      \(golden(model))")
        lines.append("  histograms  \(metadata.histograms.count) columns")
        for histogram in metadata.histograms {
            let total = histogram.counts.reduce(Int64(0)) { $0.addingReportingOverflow($1).partialValue }
            lines.append("    \(histogram.column)  \(total) values, \(histogram.missingCount) missing")
        }
        return lines.joined(separator: "\n")
    }

    private static func summary(_ model: ModelFile) -> String {
        "\(model.imported.format), \(model.compiled.signature.inputs.count) columns, golden rows: \(golden(model))"
    }

    private static func golden(_ model: ModelFile) -> String {
        guard model.golden.rowCount > 0 else { return "none" }
        return "\(model.golden.rowCount) answered as expected, worst relative error \(model.golden.worstError)"
    }
}
