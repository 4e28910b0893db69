internal import Glibc

/// Reads and writes whole files for the console and for start-up: configuration, tokens, models named on the command
/// line.
package enum SystemFile {
    /// Why a file could not be read or written. The path is the operator's own and goes to the console, never to a
    /// client.
    package struct FileError: Error, Sendable, CustomStringConvertible {
        package let path: String
        package let reason: String

        package var description: String { "\(path): \(reason)" }
    }

    /// - Parameter onlyRegular: refuse what is no regular file, such as a pipe, on which reading could wait for ever.
    /// - Throws: `FileError` if it cannot be read, is a directory or holds more than `bytesMax` bytes.
    package static func read(
        _ path: String, bytesMax: Int, onlyRegular: Bool = false
    ) throws(FileError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | (onlyRegular ? O_NONBLOCK : 0))
        guard descriptor >= 0 else { throw lastError(path) }
        defer { close(descriptor) }
        var status = stat()
        if onlyRegular, unsafe fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFREG {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw FileError(path: path, reason: isFolder ? Self.folder : "it is not a regular file")
        }
        return try readAll(descriptor, path: path, bytesMax: bytesMax)
    }

    /// Whether a path names a directory; a symbolic link to one counts.
    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a directory, sorted, without `.` and `..`.
    package static func names(inDirectory path: String) throws(FileError) -> [String] {
        guard let directory = unsafe opendir(path) else { throw lastError(path) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Whether a path names a regular file itself, not by a link.
    package static func isRegularFile(_ path: String) -> Bool { kind(ofLink: path) == S_IFREG }

    /// Whether a path names a symbolic link.
    package static func isLink(_ path: String) -> Bool { kind(ofLink: path) == S_IFLNK }

    private static func kind(ofLink path: String) -> mode_t? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// Standard input to its end.
    package static func readStandardInput(bytesMax: Int) throws(FileError) -> [UInt8] {
        try readAll(STDIN_FILENO, path: "standard input", bytesMax: bytesMax)
    }

    /// Writes a whole file, replacing what stands there.
    /// - Throws: `FileError`, with the reason why it cannot be written.
    package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw lastError(path) }
        defer { close(descriptor) }
        try writeAll(bytes, to: descriptor, path: path)
    }

    /// Writes to standard output.
    package static func writeStandardOutput(_ bytes: [UInt8]) throws(FileError) {
        try writeAll(bytes, to: STDOUT_FILENO, path: "standard output")
    }

    /// Tells the person at the terminal, on standard error.
    package static func complain(_ text: String) {
        try? writeAll(Array(text.utf8), to: STDERR_FILENO, path: "standard error")
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(FileError) {
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress.map { unsafe $0 + start }, $0.count - start)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw lastError(path) }
            start += count
        }
    }

    private static func readAll(_ descriptor: Int32, path: String, bytesMax: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
            bytes.reserveCapacity(min(Int(status.st_size), bytesMax) + 1)
        }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw lastError(path)
            }
            guard bytes.count + count <= bytesMax else {
                throw FileError(path: path, reason: "it is larger than \(bytesMax) bytes")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    private static let folder = "it is a folder, and no file"

    /// The system's last error, with what usually is the matter: a path from another folder than the one where the
    /// program was started (a container has folders of its own), or a file of another user.
    private static func lastError(_ path: String) -> FileError {
        let code = errno
        switch code {
        case ENOENT: return FileError(path: path, reason: "there is no such file or folder" + startFolder(of: path))
        case EISDIR: return FileError(path: path, reason: folder)
        case ENOTDIR: return FileError(path: path, reason: "it, or a folder of its path, is a file")
        case EACCES:
            return FileError(
                path: path, reason: "the user that runs this, of id \(geteuid()), has no permission for it")
        default: break
        }
        var text = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(code, &text, text.count) == 0 else {
            return FileError(path: path, reason: "error \(code)")
        }
        return FileError(
            path: path, reason: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// Where a path begins that does not begin at the root.
    private static func startFolder(of path: String) -> String {
        guard !path.hasPrefix("/") else { return "" }
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard unsafe getcwd(&text, text.count) != nil else { return "" }
        let folder = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return " in \(folder)"
    }
}
