internal import InferenceEngine
internal import ModelFormats
internal import ModelIR

/// A model file taken through import and compilation, for the commands that need no server.
struct ModelFile {
    let imported: ImportedModel
    let compiled: CompiledModel
    let golden: GoldenCheck.Report
    let byteCount: Int

    static let bytesMax = 8 << 30

    /// - Parameters:
    ///   - path: the file.
    ///   - outputs: what to compute.
    ///   - predictor: the predictor to force; nil lets the compiler choose.
    ///   - options: what to import it with.
    /// - Throws: `CommandError` with the file's path and the importer's reason.
    init(
        path: String, outputs: OutputSelection = .defaults, predictor: String? = nil,
        options: ImportOptions = ImportOptions()
    ) throws(CommandError) {
        let bytes: [UInt8]
        do throws(SystemFile.FileError) {
            bytes = try ArtifactFile.read(path, bytesMax: Self.bytesMax)
        } catch {
            throw CommandError("\(error)")
        }
        try self.init(bytes, path: path, outputs: outputs, predictor: predictor, options: options)
    }

    /// The same of bytes; the path is for errors.
    init(
        _ bytes: [UInt8], path: String, outputs: OutputSelection = .defaults, predictor: String? = nil,
        options: ImportOptions = ImportOptions()
    ) throws(CommandError) {
        do throws(ImportError) {
            byteCount = bytes.count
            imported = try SupportedFormats.importers.importModel(bytes.span, options: options)
            compiled = try ModelCompiler.compile(imported.graph, outputs: outputs, forcing: predictor)
            golden = try GoldenCheck.run(imported.metadata, on: compiled)
        } catch {
            throw CommandError(refusing: error, path: path)
        }
    }
}
