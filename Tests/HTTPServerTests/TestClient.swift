import EventLoop
import Glibc

/// A plain blocking TCP client on loopback, with a bound on each wait.
final class TestClient {
    private let fd: Int32
    private var buffer: [UInt8] = []
    private(set) var isEnded = false
    private(set) var wasReset = false
    private static let waitMilliseconds: Int32 = 60_000

    init(port: Int, receiveBytes: Int32? = nil) throws {
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBytes {
            _ = unsafe setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var on: Int32 = 1
        _ = unsafe setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw ClientError.cannotConnect(errno) }
    }

    init(address: ListenAddress) throws {
        guard let connected = Socket.connect(to: address, seconds: 10) else { throw ClientError.cannotConnect(errno) }
        fd = connected
    }

    deinit { _ = close(fd) }

    enum ClientError: Error { case cannotConnect(Int32), timedOut }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    fd, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            offset += count
        }
    }

    /// Sends what goes without waiting; returns how much did.
    func sendWithoutWaiting(_ bytes: ArraySlice<UInt8>) -> Int {
        unsafe bytes.withUnsafeBytes { buffer in
            max(0, unsafe Glibc.send(fd, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)))
        }
    }

    func halfClose() { _ = shutdown(fd, Int32(SHUT_WR)) }

    /// Closes with a reset instead of an end.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        _ = shutdown(fd, Int32(SHUT_RDWR))
    }

    /// Reads once, waiting for it; false at the end.
    private func readMore(milliseconds: Int32 = TestClient.waitMilliseconds) throws -> Bool {
        if isEnded { return false }
        var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, milliseconds) == 1 else { throw ClientError.timedOut }
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(fd, $0.baseAddress, $0.count, 0) }
        if count > 0 {
            buffer += chunk[..<count]
            return true
        }
        isEnded = true
        wasReset = count < 0
        return false
    }

    /// All until the server closes.
    func readToEnd() throws -> String {
        while try readMore() {}
        defer { buffer = [] }
        return String(decoding: buffer, as: UTF8.self)
    }

    /// What the server has sent, waiting for some; empty at the end.
    func readSome() throws -> [UInt8] {
        if buffer.isEmpty { _ = try readMore() }
        defer { buffer = [] }
        return buffer
    }

    /// Whether nothing can be read now.
    var isSilent: Bool {
        var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) == 0
    }

    struct Response {
        var status: Int
        var head: String
        var body: String
    }

    /// The next answer, framed by Content-Length; nil where the server closes instead.
    func readResponse() throws -> Response? {
        while true {
            if let end = headEnd() {
                let head = String(decoding: buffer[..<end], as: UTF8.self)
                var length = 0
                for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length: ") {
                    length = Int(line.dropFirst(16)) ?? 0
                }
                while buffer.count < end + length { guard try readMore() else { return nil } }
                let body = String(decoding: buffer[end..<end + length], as: UTF8.self)
                buffer.removeFirst(end + length)
                return Response(status: Int(head.dropFirst(9).prefix(3)) ?? 0, head: head, body: body)
            }
            guard try readMore() else { return nil }
        }
    }

    /// That many bytes, thrown away; returns how many came before the end.
    func skip(_ count: Int) throws -> Int {
        var left = count
        while left > 0 {
            if buffer.isEmpty { guard try readMore() else { break } }
            let part = min(left, buffer.count)
            buffer.removeFirst(part)
            left -= part
        }
        return count - left
    }

    private func headEnd() -> Int? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard buffer.count >= 4 else { return nil }
        for index in 0...buffer.count - 4 where buffer[index] == 13 && Array(buffer[index..<index + 4]) == mark {
            return index + 4
        }
        return nil
    }
}
