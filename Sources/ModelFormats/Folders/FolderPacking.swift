internal import Compression

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
}
