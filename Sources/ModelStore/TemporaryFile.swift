internal import Serving
internal import Synchronization

/// A file that is being written, under a name that nobody looks for, and locked as long as its writer lives: a file
/// without a lock is what a dead writer left behind. Removed when it is let go, unless it has been moved to its place.
/// One that is not to be moved needs no name, and leaves nothing behind wherever its writer dies.
final class TemporaryFile: Sendable {
    let path: String
    private let files: any FileSystem
    private let state: Mutex<State>

    private struct State: Sendable {
        var file: FileID?
        var byteCount = 0
        var isNamed = true
    }

    /// - Parameter isNamed: whether it may be moved.
    init(in directory: String, _ files: any FileSystem, isNamed: Bool = true) throws(SystemError) {
        self.files = files
        path = directory + "/" + files.uniqueName()
        let file = try files.create(path)
        // What cannot be removed now is tried again in the end.
        let keepsName = isNamed || (try? files.remove(path)) == nil
        state = Mutex(State(file: file, isNamed: keepsName))
        // The lock is a help for the collector, not a condition: file systems without locks rely on the file's age.
        _ = try? files.lock(file)
    }

    deinit { discard() }

    var byteCount: Int { state.withLock { $0.byteCount } }

    func append(_ bytes: [UInt8]) throws(SystemError) {
        try state.withLock { (state: inout State) throws(SystemError) in
            guard let file = state.file else { throw SystemError.inputOutput }
            var start = 0
            while start < bytes.count {
                let written = try files.write(file, bytes[start...])
                guard written > 0 else { throw SystemError.inputOutput }
                start += written
                state.byteCount += written
            }
        }
    }

    /// The bytes from a place on; empty at the end.
    func read(byteCount: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        try state.withLock { (state: inout State) throws(SystemError) -> [UInt8] in
            guard let file = state.file else { throw SystemError.inputOutput }
            return try files.read(file, byteCount: min(byteCount, state.byteCount - offset), at: offset)
        }
    }

    /// All bytes that were written.
    func contents() throws(SystemError) -> [UInt8] {
        let byteCount = byteCount
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        while bytes.count < byteCount {
            let more = try read(byteCount: Self.readBytes, at: bytes.count)
            guard !more.isEmpty else { throw SystemError.inputOutput }
            bytes += more
        }
        return bytes
    }

    /// Small enough that one read keeps no loop on the same core waiting.
    private static let readBytes = 128 << 10

    /// Returns when the bytes are on the disk.
    func synchronize() throws(SystemError) {
        try state.withLock { (state: inout State) throws(SystemError) in
            guard let file = state.file else { throw SystemError.inputOutput }
            try files.synchronize(file)
        }
    }

    /// Moves the file to its place, over what is there.
    func rename(to newPath: String) throws(SystemError) {
        try files.rename(path, to: newPath)
        state.withLock { $0.isNamed = false }
    }

    /// Closes the file and removes its name, if it has not been moved. May be called more than once.
    func discard() {
        let (file, isNamed) = state.withLock { state in
            let before = (state.file, state.isNamed)
            state.file = nil
            state.isNamed = false
            return before
        }
        if isNamed { try? files.remove(path) }
        if let file { files.close(file) }
    }
}
