internal import Compression
package import ModelIR

/// Imports a folder that was packed into one file: zip, tar, or tar compressed by gzip, bzip2, xz or the like.
///
/// An MLflow model is known by its `MLmodel`, and a bundle by its `vencejo.json`. In any other folder, such as
/// SageMaker's `model.tar.gz`, exactly one file has to be a model's.
package struct FolderImporter: ModelImporter {
    /// Who reads the file within.
    private let importers: ModelImporterList

    package init(_ importers: ModelImporterList) {
        self.importers = importers
    }

    package var name: String { "MLflow" }

    /// Bytes of a folder when its archive is not compressed any more.
    static let folderBytesMax = 1 << 31
    /// How many times larger than its compressed form a tar archive may be.
    static let ratioMax = 200
    /// Bytes of a folder that need no proportion to its archive, as in `ArchiveLimits`.
    static let freeBytes = 64 << 20
    /// Files of a folder that are looked at for a model.
    static let candidatesMax = 64

    package func recognizes(_ bytes: Span<UInt8>) -> Bool {
        switch Archive.detect(bytes) {
        case .zip: !SkopsImporter().recognizes(bytes)
        case .tar: true
        case nil: Self.compression(of: bytes) != nil
        }
    }

    /// The format that a tar archive is compressed in; nil if the bytes hold no tar archive.
    private static func compression(of bytes: Span<UInt8>) -> CompressedFormat? {
        guard let format = CompressedFormat(detecting: bytes),
            let start = Decompression.prefix(of: bytes, as: format, count: 512)
        else { return nil }
        return Archive.detect(start.span) == .tar ? format : nil
    }

    package func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        try importModel(bytes, options: ImportOptions())
    }

    package func importModel(_ bytes: Span<UInt8>, options: ImportOptions) throws(ImportError) -> ImportedModel {
        if let format = Archive.detect(bytes) { return try importFolder(bytes, format, name: format.rawValue, options) }
        guard let compression = Self.compression(of: bytes) else {
            throw ImportError(.unknownFormat, at: "byte 0", found: "something else", expected: "a zip or tar archive")
        }
        let unpacked: [UInt8]
        do throws(CompressionError) {
            unpacked = try Decompression.bytes(
                of: bytes, as: compression, outputBytesMax: Self.folderBytesMax, ratioMax: Self.ratioMax,
                freeBytes: Self.freeBytes)
        } catch {
            throw ImportError(error, in: compression)
        }
        return try importFolder(unpacked.span, .tar, name: "tar-" + compression.rawValue, options)
    }

    private func importFolder(
        _ bytes: Span<UInt8>, _ format: Archive.Format, name: String, _ options: ImportOptions
    ) throws(ImportError) -> ImportedModel {
        let archive: Archive
        do throws(ArchiveError) {
            archive = try Archive(bytes, format: format)
        } catch {
            throw ImportError(error)
        }
        let folder = ModelFolder(bytes, archive)
        guard let text = try folder.contents(of: BundleDescription.fileName) else {
            return try model(of: folder, artifact: nil, name: name, options)
        }
        let description = try BundleDescription(text.span)
        return try description.applied(
            to: model(
                of: folder, artifact: description.artifact, name: name, options.over(description.options)))
    }

    /// The model of a folder.
    ///
    /// - Parameter artifact: its file, if a bundle's description names it.
    private func model(
        of folder: borrowing ModelFolder, artifact: String?, name: String, _ options: ImportOptions
    ) throws(ImportError) -> ImportedModel {
        if artifact == nil || artifact == "MLmodel", folder.contains("MLmodel") {
            return try MLflowImport(copy folder, importers).model(options)
        }
        let file: String
        if let artifact { file = artifact } else { file = try onlyModel(in: folder) }
        let model = try folder.importModel(file, with: importers, options)
        return model.inFolder(format: name + "/" + model.format)
    }

    /// The one file that is a model's.
    private func onlyModel(in folder: borrowing ModelFolder) throws(ImportError) -> String {
        let paths = folder.paths.filter { !Self.isNoModel($0) }
        guard paths.count <= Self.candidatesMax else {
            throw ImportError(
                .unsupported, at: "the archive", found: "\(paths.count) files", expected: "the folder of one model",
                remedy: "send the model's file itself")
        }
        var models: [String] = []
        for path in paths {
            if try folder.isRecognized(path, by: importers) { models.append(path) }
        }
        guard let first = models.first, models.count == 1 else {
            let listed = (models.isEmpty ? folder.paths : models).prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            throw ImportError(
                .unsupported, at: "the archive",
                found: models.isEmpty
                    ? (listed.isEmpty ? "no file" : "no model among \(listed)") : "\(models.count) models: \(listed)",
                expected: "an MLmodel, or one model's file",
                remedy: models.isEmpty
                    ? "pack the folder that mlflow's save_model wrote, or the file that the library saved"
                    : "send one of them by itself")
        }
        return first
    }

    /// Scripts and descriptions, which stand beside models and may begin like one.
    private static func isNoModel(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return [".py", ".pyc", ".yaml", ".yml", ".md", ".toml", ".cfg", ".ini", ".sh", ".csv", ".ipynb"].contains {
            name.hasSuffix($0)
        } || path == BundleDescription.fileName || name.hasPrefix("requirements") || name.hasPrefix(".")
    }
}
