#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Log lines on standard output or standard error, one `write` a line, so that lines of several threads do not mix and
/// nothing stays behind in a buffer when the process ends.
package struct DescriptorSink: LogSink {
    private let descriptor: Int32

    package static let standardOutput = DescriptorSink(descriptor: 1)
    package static let standardError = DescriptorSink(descriptor: 2)

    /// Whether a person reads it.
    package var isTerminal: Bool { isatty(descriptor) == 1 }

    package func write(_ line: [UInt8]) {
        var start = 0
        while start < line.count {
            let written = unsafe line[start...].withUnsafeBytes { bytes in
                unsafe systemWrite(descriptor, bytes.baseAddress, bytes.count)
            }
            if written > 0 {
                start += written
            } else if !(written < 0 && errno == EINTR) {
                // A full or closed pipe: a server does not stop for its log.
                return
            }
        }
    }
}

// Inside the type its own method hides the system's function of the same name.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(descriptor, bytes, count)
}

/// Milliseconds since 1970 on the wall clock.
func wallClockMilliseconds() -> Int64 {
    var now = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME, &now) == 0 else { return 0 }
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}
