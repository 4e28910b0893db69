#if canImport(Glibc)
    import Glibc
#endif

/// The files of the repository this test was built from.
enum Repository {
    /// The folder that holds `Package.swift`.
    static let root: String = {
        // .../Tests/TidyTests/Repository.swift
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    /// One source file, by its path from the root.
    struct File: Sendable {
        let path: String
        let lines: [String]
    }

    /// All Swift files under a folder of the root, in order of path.
    static func swiftFiles(under folder: String) -> [File] {
        paths(under: folder).filter { $0.hasSuffix(".swift") }.map { path in
            let text = contents(of: root + "/" + path) ?? ""
            return File(
                path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// Folders directly under a folder of the root.
    static func folders(in folder: String) -> [String] {
        entries(of: root + "/" + folder).filter { isFolder(root + "/" + folder + "/" + $0) }
    }

    static func text(of path: String) -> String? { contents(of: root + "/" + path) }

    private static func paths(under folder: String) -> [String] {
        var found: [String] = []
        var waiting = [folder]
        while let next = waiting.popLast() {
            for entry in entries(of: root + "/" + next) where !entry.hasPrefix(".") {
                let path = next + "/" + entry
                if isFolder(root + "/" + path) { waiting.append(path) } else { found.append(path) }
            }
        }
        return found.sorted()
    }

    private static func entries(of folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func contents(of path: String) -> String? {
        guard let file = unsafe fopen(path, "rb") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
