internal import Compression
internal import ModelIR

/// The files of an archive as a folder of a model, without the one folder that archives are often packed in.
struct ModelFolder: ~Escapable {
    private let bytes: Span<UInt8>
    private let archive: Archive
    /// Such as `model/`; empty if the files lie at the root.
    private let root: String

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ archive: Archive) {
        self.bytes = bytes
        self.archive = archive
        root = Self.commonFolder(archive.entries)
    }

    /// The folder that everything lies in, but for what macOS adds beside it.
    private static func commonFolder(_ entries: [ArchiveEntry]) -> String {
        var common: Substring?
        for entry in entries where !isLitter(entry.path) {
            guard let slash = entry.path.firstIndex(of: "/") else { return "" }
            let folder = entry.path[...slash]
            guard common == nil || common == folder else { return "" }
            common = folder
        }
        return common.map { String($0) } ?? ""
    }

    /// Files that desktops leave in archives.
    private static func isLitter(_ path: String) -> Bool {
        path.hasPrefix("__MACOSX/") || path.split(separator: "/").contains { $0.hasPrefix("._") || $0 == ".DS_Store" }
    }

    /// The files' paths, in the archive's order.
    var paths: [String] {
        archive.entries.map(\.path).filter { !Self.isLitter($0) }.map { String($0.dropFirst(root.count)) }
    }

    func contains(_ path: String) -> Bool { archive.entry(root + path) != nil }

    /// A file's content; nil if there is no such file.
    func contents(of path: String) throws(ImportError) -> [UInt8]? {
        guard let entry = archive.entry(root + path) else { return nil }
        do throws(ArchiveError) {
            return try archive.contents(of: entry, in: bytes)
        } catch {
            throw ImportError(error)
        }
    }

    /// A small file's content; nil if there is no such file, or it is larger.
    func contents(of path: String, bytesMax: Int) throws(ImportError) -> [UInt8]? {
        guard let entry = archive.entry(root + path), entry.byteCount <= bytesMax else { return nil }
        return try contents(of: path)
    }

    /// Imports one of the files, without a copy where it lies uncompressed in the archive.
    func importModel(
        _ path: String, with importers: ModelImporterList, _ options: ImportOptions
    ) throws(ImportError) -> ImportedModel {
        guard let entry = archive.entry(root + path) else {
            throw ImportError(
                .malformed, at: "\"\(path)\"", found: "no such file in the folder", expected: "the model's file",
                remedy: "pack the whole folder that save_model wrote")
        }
        var range: Range<Int>?
        do throws(ArchiveError) {
            range = try archive.storedRange(of: entry, in: bytes)
        } catch {
            throw ImportError(error)
        }
        do throws(ImportError) {
            if let range { return try importers.importModel(bytes.extracting(range), options: options) }
            let contents = try contents(of: path) ?? []
            return try importers.importModel(contents.span, options: options)
        } catch {
            throw error.within(path)
        }
    }

    /// Whether an importer knows a file's content.
    func isRecognized(_ path: String, by importers: ModelImporterList) throws(ImportError) -> Bool {
        guard let entry = archive.entry(root + path) else { return false }
        var range: Range<Int>?
        do throws(ArchiveError) {
            range = try archive.storedRange(of: entry, in: bytes)
        } catch {
            throw ImportError(error)
        }
        if let range { return importers.recognizes(bytes.extracting(range)) }
        guard let contents = try contents(of: path) else { return false }
        return importers.recognizes(contents.span)
    }
}

extension ImportError {
    /// The same error of a file in a folder.
    func within(_ file: String) -> ImportError {
        ImportError(kind, at: "\(file), \(place)", found: found, expected: expected, remedy: remedy)
    }
}
