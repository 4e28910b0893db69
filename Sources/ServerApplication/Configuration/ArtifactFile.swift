internal import ModelFormats
internal import ModelIR

/// Reads the model that a path names: a file, or a folder such as an MLflow model, which is packed into one.
enum ArtifactFile {
    /// Files of a folder, all levels together.
    static let filesMax = 10_000
    static let depthMax = 16

    /// - Parameter options: what to import it with; if there is something, it is packed into a bundle that says so,
    ///   since what is served is imported again from its bytes after a restart.
    /// - Throws: `SystemFile.FileError` if it cannot be read or holds more than `bytesMax` bytes in all.
    static func read(
        _ path: String, bytesMax: Int, options: ImportOptions = ImportOptions()
    ) throws(SystemFile.FileError) -> [UInt8] {
        var files: [(path: String, contents: [UInt8])]
        var artifact = "MLmodel"
        if SystemFile.isDirectory(path) {
            files = try Self.files(of: path, bytesMax: bytesMax)
            guard !files.isEmpty else {
                throw SystemFile.FileError(
                    path: path,
                    reason:
                        "the folder is empty; expected a model's file, or a folder such as MLflow's save_model writes")
            }
            if options == ImportOptions() { return FolderPacking.pack(files) }
        } else {
            let bytes = try SystemFile.read(path, bytesMax: bytesMax)
            if options == ImportOptions() { return bytes }
            guard !FolderPacking.isFolder(bytes.span) else {
                throw SystemFile.FileError(
                    path: path, reason: "it is an archive: put the options into its \(FolderPacking.descriptionName)")
            }
            artifact = String(path.split(separator: "/").last ?? "model")
            files = [(path: artifact, contents: bytes)]
        }
        guard !files.contains(where: { $0.path == FolderPacking.descriptionName }) else {
            throw SystemFile.FileError(path: path, reason: "put the options into its \(FolderPacking.descriptionName)")
        }
        let description = FolderPacking.description(name: nil, artifact: artifact, options: options)
        files.append((path: FolderPacking.descriptionName, contents: description))
        return FolderPacking.pack(files)
    }

    /// The regular files of a folder and of the folders in it, by their paths from it.
    static func files(
        of path: String, bytesMax: Int
    ) throws(SystemFile.FileError) -> [(path: String, contents: [UInt8])] {
        var files: [(path: String, contents: [UInt8])] = []
        var bytesLeft = bytesMax
        try collect(path, below: "", depth: 0, bytesLeft: &bytesLeft, into: &files)
        return files
    }

    /// Links are passed over: what they point to lies outside of the model.
    private static func collect(
        _ root: String, below folder: String, depth: Int, bytesLeft: inout Int,
        into files: inout [(path: String, contents: [UInt8])]
    ) throws(SystemFile.FileError) {
        guard depth < depthMax else {
            throw SystemFile.FileError(path: root, reason: "it has more than \(depthMax) levels of folders")
        }
        for name in try SystemFile.names(inDirectory: root + "/" + folder) {
            let path = folder + name
            let fullPath = root + "/" + path
            if SystemFile.isRegularFile(fullPath) {
                guard files.count < filesMax else {
                    throw SystemFile.FileError(path: root, reason: "it has more than \(filesMax) files")
                }
                let contents = try SystemFile.read(fullPath, bytesMax: bytesLeft)
                bytesLeft -= contents.count
                files.append((path: path, contents: contents))
            } else if SystemFile.isDirectory(fullPath), !SystemFile.isLink(fullPath) {
                try collect(root, below: path + "/", depth: depth + 1, bytesLeft: &bytesLeft, into: &files)
            }
        }
    }
}
