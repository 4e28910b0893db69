#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// The system's files. Every call that takes a pointer stands in this file; calls that a signal interrupts are made
/// again.
package struct PosixFileSystem: FileSystem {
    package init() {}

    package func makeDirectory(_ path: String) throws(SystemError) {
        _ = try check { unsafe Int(mkdir(path, 0o700)) }
    }

    package func list(_ path: String) throws(SystemError) -> [String] {
        guard let directory = unsafe opendir(path) else { throw SystemError(code: errno) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(directory) else {
                guard errno == 0 else { throw SystemError(code: errno) }
                return names
            }
            // The name may be longer than the array's type says, but always ends in a zero.
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let name = unsafe String(
                cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
            if name != ".", name != ".." { names.append(name) }
        }
    }

    package func status(_ path: String) throws(SystemError) -> FileStatus {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw SystemError(code: errno) }
        return FileStatus(byteCount: Int(status.st_size), modifiedAt: Int64(status.st_mtim.tv_sec))
    }

    package func create(_ path: String) throws(SystemError) -> FileID {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        return FileID(number: Int32(try check { unsafe Int(open(path, flags, 0o600)) }))
    }

    package func openToRead(_ path: String) throws(SystemError) -> FileID {
        // Not following a link and not waiting for a pipe: whatever lies there, it is opened as a file or not at all.
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        return FileID(number: Int32(try check { unsafe Int(open(path, flags)) }))
    }

    package func lock(_ file: FileID) throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try check { Int(flock(file.number, LOCK_EX | LOCK_NB)) }
            return true
        } catch {
            guard error.code == EWOULDBLOCK else { throw error }
            return false
        }
    }

    package func write(_ file: FileID, _ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        try check {
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe systemWrite(file.number, bytes.baseAddress, bytes.count)
            }
        }
    }

    package func read(_ file: FileID, byteCount: Int) throws(SystemError) -> [UInt8] {
        try unsafe read(byteCount) { unsafe systemRead(file.number, $0.baseAddress, $0.count) }
    }

    package func read(_ file: FileID, byteCount: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        try unsafe read(byteCount) { unsafe pread(file.number, $0.baseAddress, $0.count, off_t(offset)) }
    }

    private func read(
        _ byteCount: Int, _ call: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            do throws(SystemError) {
                count = try check { unsafe call(buffer) }
            } catch {
                failure = error
                count = 0
            }
        }
        if let failure { throw failure }
        return bytes
    }

    package func synchronize(_ file: FileID) throws(SystemError) {
        _ = try check { Int(fsync(file.number)) }
    }

    package func close(_ file: FileID) {
        // Not again after EINTR: on Linux the descriptor is gone, and its number may be somebody else's.
        _ = systemClose(file.number)
    }

    package func link(_ path: String, as newPath: String) throws(SystemError) {
        _ = try check { Int(systemLink(path, newPath)) }
    }

    package func rename(_ path: String, to newPath: String) throws(SystemError) {
        _ = try check { Int(systemRename(path, newPath)) }
    }

    package func remove(_ path: String) throws(SystemError) {
        _ = try check { unsafe Int(unlink(path)) }
    }

    package func synchronizeDirectory(_ path: String) throws(SystemError) {
        let directory = Int32(try check { unsafe Int(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) })
        defer { _ = systemClose(directory) }
        _ = try check { Int(fsync(directory)) }
    }

    package func now() -> Int64 {
        var now = timespec()
        guard unsafe clock_gettime(CLOCK_REALTIME, &now) == 0 else { return 0 }
        return Int64(now.tv_sec)
    }

    package func uniqueName() -> String {
        var generator = SystemRandomNumberGenerator()
        let (high, low) = (generator.next(), generator.next())
        return String(high, radix: 36) + "-" + String(low, radix: 36)
    }

    /// The result of a call that says -1 for failure.
    private func check(_ call: () -> Int) throws(SystemError) -> Int {
        while true {
            let result = call()
            if result >= 0 { return result }
            let code = errno
            guard code == EINTR else { throw SystemError(code: code) }
        }
    }
}

// Inside the type its own methods hide the system's functions of the same names.

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(file, bytes, count)
}

private func systemRead(_ file: Int32, _ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
    unsafe read(file, bytes, count)
}

private func systemClose(_ file: Int32) -> Int32 { close(file) }

private func systemLink(_ path: String, _ newPath: String) -> Int32 { unsafe link(path, newPath) }

private func systemRename(_ path: String, _ newPath: String) -> Int32 { unsafe rename(path, newPath) }
