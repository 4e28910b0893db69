internal import ByteCoding
internal import Compression
package import ModelIR

/// Makes one file of a folder, so that what is done with a model's file (hashing, storing, importing) can be done with
/// a folder too. `FolderImporter` reads it.
package enum FolderPacking {
    /// The file of a bundle that describes its model.
    package static let descriptionName = BundleDescription.fileName

    /// - Parameter files: paths from the folder's root, with slashes, and their contents, in any order.
    /// - Returns: a tar archive; the same files always give the same bytes.
    package static func pack(_ files: [(path: String, contents: [UInt8])]) -> [UInt8] {
        TarWriter.pack(files)
    }

    /// Whether bytes are a folder that was packed already.
    package static func isFolder(_ bytes: Span<UInt8>) -> Bool {
        FolderImporter(ModelImporterList([])).recognizes(bytes)
    }

    /// A `vencejo.json` of the least that a bundle needs.
    package static func description(name: String?, artifact: String, options: ImportOptions) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("vencejo")
        writer.number(BundleDescription.version)
        if let name {
            writer.key("name")
            writer.string(name)
        }
        writer.key("artifact")
        writer.string(artifact)
        if let range = options.iterationRange {
            writer.key("options")
            writer.beginObject()
            writer.key("iteration_range")
            writer.beginArray()
            writer.number(Int64(range.lowerBound))
            writer.number(Int64(range.upperBound))
            writer.endArray()
            writer.endObject()
        }
        writer.endObject()
        return writer.bytes
    }
}
