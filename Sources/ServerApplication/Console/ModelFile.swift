internal import InferenceEngine
internal import ModelFormats
internal import ModelIR

/// A model file taken through import and compilation, for the commands that need no server.
struct ModelFile {
    let imported: ImportedModel
    let compiled: CompiledModel
    let byteCount: Int

    static let bytesMax = 8 << 30

    /// - Parameter predictor: the predictor to force; nil lets the compiler choose.
    /// - Throws: `CommandError` with the file's path and the importer's reason.
    init(path: String, predictor: String?) throws(CommandError) {
        do {
            let bytes = try SystemFile.read(path, bytesMax: Self.bytesMax)
            byteCount = bytes.count
            imported = try SupportedFormats.importers.importModel(bytes.span)
            compiled = try ModelCompiler.compile(imported.graph, forcing: predictor)
        } catch let error as ImportError {
            throw CommandError("\(path) cannot be served\n  where:    \(error.place)\n  found:    \(error.found)\n"
                + "  expected: \(error.expected)" + (error.remedy.map { "\n  do:       \($0)" } ?? ""))
        } catch {
            throw CommandError("\(error)")
        }
    }
}

/// Why a command ends without having done its work; the text is for the person at the terminal.
public struct CommandError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
