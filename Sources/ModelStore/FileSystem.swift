/// An open file of a `FileSystem`.
package struct FileID: Sendable, Hashable {
    package let number: Int32

    package init(number: Int32) {
        self.number = number
    }
}

/// What a directory knows of a file.
package struct FileStatus: Sendable, Hashable {
    package let byteCount: Int
    /// Seconds since 1970.
    package let modifiedAt: Int64

    package init(byteCount: Int, modifiedAt: Int64) {
        self.byteCount = byteCount
        self.modifiedAt = modifiedAt
    }
}

/// The system calls that the file store is made of, each as small as the system's own, so that a test can fail any of
/// them or end the world between two. Paths are absolute or relative to the working directory, as the operator gave
/// them.
package protocol FileSystem: Sendable {
    /// Makes one directory, for its owner alone. Fails with EEXIST if it exists.
    func makeDirectory(_ path: String) throws(SystemError)
    /// The names in a directory, without `.` and `..`, in any order.
    func list(_ path: String) throws(SystemError) -> [String]
    func status(_ path: String) throws(SystemError) -> FileStatus

    /// Makes a file to write to and to read from, for its owner alone. Fails with EEXIST if the name is taken.
    func create(_ path: String) throws(SystemError) -> FileID
    func openToRead(_ path: String) throws(SystemError) -> FileID
    /// Tries to take the file's exclusive lock, which ends with the process or with `close`.
    /// - Returns: false if another open file holds it.
    func lock(_ file: FileID) throws(SystemError) -> Bool
    /// Writes at the end.
    /// - Returns: how many of the bytes were taken, at least one unless there are none.
    func write(_ file: FileID, _ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int
    /// Reads from the current place.
    /// - Returns: what there was, at most `byteCount` bytes; empty at the end.
    func read(_ file: FileID, byteCount: Int) throws(SystemError) -> [UInt8]
    /// Reads from a place in the file, wherever the current one is.
    func read(_ file: FileID, byteCount: Int, at offset: Int) throws(SystemError) -> [UInt8]
    /// Returns when the file's bytes are on the disk.
    func synchronize(_ file: FileID) throws(SystemError)
    func close(_ file: FileID)

    /// Gives a file a second name. Fails with EEXIST if that is taken.
    func link(_ path: String, as newPath: String) throws(SystemError)
    /// Gives a file another name, in place of what had that name.
    func rename(_ path: String, to newPath: String) throws(SystemError)
    func remove(_ path: String) throws(SystemError)
    /// Returns when the directory's names are on the disk.
    func synchronizeDirectory(_ path: String) throws(SystemError)

    /// Seconds since 1970.
    func now() -> Int64
    /// A name that nobody else uses.
    func uniqueName() -> String
}
