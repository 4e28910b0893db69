internal import EventLoop
internal import Glibc

/// `vencejo probe`: asks a server on this host whether it is ready, for containers without a shell or curl.
enum HealthProbe {
    private static let timeoutSeconds: Int32 = 2

    /// Whether `GET /health/ready` answers 200.
    static func isReady(_ address: ListenAddress) -> Bool {
        guard let descriptor = Socket.connect(to: address, seconds: timeoutSeconds) else { return false }
        defer { Socket.close(descriptor) }
        let request = Array("GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        let sent = unsafe request.withUnsafeBytes {
            unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == request.count else { return false }
        let expected = Array("HTTP/1.1 200".utf8)
        var answer = [UInt8](repeating: 0, count: expected.count)
        let received = unsafe answer.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_WAITALL))
        }
        return received == expected.count && answer == expected
    }
}
