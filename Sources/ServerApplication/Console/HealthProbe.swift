internal import EventLoop
internal import Glibc

/// `vencejo probe`: asks a server on this host whether it is ready or alive, for containers without a shell or curl.
enum HealthProbe {
    private static let timeoutSeconds: Int32 = 2

    /// What is asked: the end of the path.
    enum Question: String {
        case ready, live
    }

    /// Why `GET /health/ready`, or `.../live`, is not answered by 200; nil if it is.
    static func failure(of address: ListenAddress, asking question: Question) -> String? {
        guard let descriptor = Socket.connect(to: address, seconds: timeoutSeconds) else {
            return "no connection: \(unsafe String(cString: strerror(errno)))"
        }
        defer { Socket.close(descriptor) }
        let request = Array(
            "GET /health/\(question.rawValue) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        let sent = unsafe request.withUnsafeBytes {
            unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == request.count else { return "the request was not taken" }
        let expected = "HTTP/1.1 200"
        var answer = [UInt8](repeating: 0, count: expected.utf8.count)
        let received = unsafe answer.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_WAITALL))
        }
        guard received == answer.count else { return "no answer within \(timeoutSeconds) s" }
        let text = String(decoding: answer, as: UTF8.self)
        if text == expected { return nil }
        return text.hasPrefix("HTTP/1.1 ")
            ? "not \(question.rawValue), status \(text.suffix(3))" : "the answer is not HTTP"
    }
}
