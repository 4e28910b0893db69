internal import Glibc

/// Reads whole files for start-up: configuration, tokens, models named on the command line.
package enum SystemFile {
    /// Why a file could not be read. The path is the operator's own and goes to the console, never to a client.
    package struct ReadError: Error, Sendable, CustomStringConvertible {
        package let path: String
        package let reason: String

        package var description: String { "cannot read \(path): \(reason)" }
    }

    /// - Parameter onlyRegular: refuse what is no regular file, such as a pipe, on which reading could wait for ever.
    /// - Throws: `ReadError` if it cannot be read, is a directory or holds more than `bytesMax` bytes.
    package static func read(
        _ path: String, bytesMax: Int, onlyRegular: Bool = false
    ) throws(ReadError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | (onlyRegular ? O_NONBLOCK : 0))
        guard descriptor >= 0 else { throw ReadError(path: path, reason: lastError()) }
        defer { close(descriptor) }
        if onlyRegular {
            var status = stat()
            guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                throw ReadError(path: path, reason: "it is not a regular file")
            }
        }
        return try readAll(descriptor, path: path, bytesMax: bytesMax)
    }

    /// Standard input to its end.
    package static func readStandardInput(bytesMax: Int) throws(ReadError) -> [UInt8] {
        try readAll(STDIN_FILENO, path: "standard input", bytesMax: bytesMax)
    }

    private static func readAll(_ descriptor: Int32, path: String, bytesMax: Int) throws(ReadError) -> [UInt8] {
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
                throw ReadError(path: path, reason: lastError())
            }
            guard bytes.count + count <= bytesMax else {
                throw ReadError(path: path, reason: "it is larger than \(bytesMax) bytes")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    private static func lastError() -> String {
        let code = errno
        var text = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
