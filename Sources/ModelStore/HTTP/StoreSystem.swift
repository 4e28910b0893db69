#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What an object store asks of the system besides files and sockets, so that a test can put its own in its place.
package struct StoreSystem: Sendable {
    /// Seconds since 1970.
    package let now: @Sendable () -> Int64
    /// Lets time pass on the calling thread.
    package let sleep: @Sendable (Duration) -> Void
    /// From 0 to 1.
    package let random: @Sendable () -> Double
    /// An environment variable's value; nil where it is not set or empty.
    package let environment: @Sendable (String) -> String?
    /// A small file's bytes; nil if it cannot be read.
    package let readFile: @Sendable (String) -> [UInt8]?

    package init(
        now: @escaping @Sendable () -> Int64, sleep: @escaping @Sendable (Duration) -> Void,
        random: @escaping @Sendable () -> Double, environment: @escaping @Sendable (String) -> String?,
        readFile: @escaping @Sendable (String) -> [UInt8]?
    ) {
        self.now = now
        self.sleep = sleep
        self.random = random
        self.environment = environment
        self.readFile = readFile
    }

    /// This process's.
    package static let process = StoreSystem(
        now: { PosixFileSystem().now() },
        sleep: { duration in
            let parts = duration.components
            var left = timespec(tv_sec: Int(parts.seconds), tv_nsec: Int(parts.attoseconds / 1_000_000_000))
            var rest = timespec()
            while unsafe nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
        },
        random: { Double.random(in: 0...1) },
        environment: { name in
            guard let value = unsafe getenv(name) else { return nil }
            let text = unsafe String(cString: value)
            return text.isEmpty ? nil : text
        },
        readFile: { path in
            // Links are followed: secrets are often mounted as such.
            let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { return nil }
            let file = FileID(number: descriptor)
            defer { PosixFileSystem().close(file) }
            var bytes: [UInt8] = []
            while let more = try? PosixFileSystem().read(file, byteCount: 64 << 10), bytes.count <= readBytesMax {
                if more.isEmpty { return bytes }
                bytes += more
            }
            return nil
        })

    /// Bytes of a file with credentials.
    private static let readBytesMax = 1 << 20
}
