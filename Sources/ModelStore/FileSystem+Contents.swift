#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

extension FileSystem {
    /// A whole file, of at most `bytesMax` bytes: a longer one fails as EFBIG.
    func contents(of path: String, bytesMax: Int) throws(SystemError) -> [UInt8] {
        let file = try openToRead(path)
        defer { close(file) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(try status(path).byteCount, bytesMax))
        while true {
            let more = try read(file, byteCount: 1 << 20)
            if more.isEmpty { return bytes }
            guard bytes.count + more.count <= bytesMax else { throw SystemError(code: EFBIG) }
            bytes += more
        }
    }
}
