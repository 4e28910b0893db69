/// Where a server listens: an address and port, or a socket in the file system.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 or IPv6 address in text form, without brackets, or `localhost`; port 0 lets the system choose.
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// What is wrong with a text that should be an address.
    package struct Malformed: Error, Sendable, Equatable {
        package let found: String
        package let expected: String
    }

    /// What the kernel's address holds of a path (`sun_path`, 108 bytes with the final zero).
    package static let pathBytesMax = 107

    /// Reads `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`. Whether the host is an address at all is seen when it is bound.
    package init(_ text: String) throws(Malformed) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty else { throw Malformed(found: "no path", expected: "unix:PATH") }
            guard !path.utf8.contains(0) else { throw Malformed(found: "a NUL in the path", expected: "unix:PATH") }
            guard path.utf8.count <= Self.pathBytesMax else {
                throw Malformed(
                    found: "a path of \(path.utf8.count) bytes",
                    expected: "at most \(Self.pathBytesMax), which is all that a socket's address holds")
            }
            self = .unix(path: path)
            return
        }
        let expected = "HOST:PORT, [IPV6]:PORT or unix:PATH"
        guard let colon = text.lastIndex(of: ":"),
            let port = Self.port(text[text.index(after: colon)...])
        else { throw Malformed(found: "\"\(text)\"", expected: expected) }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw Malformed(found: "\"\(text)\"", expected: "an IPv6 address in brackets, as in [::1]:8080")
        }
        guard !host.isEmpty else { throw Malformed(found: "\"\(text)\"", expected: expected) }
        self = .tcp(host: String(host), port: port)
    }

    private static func port(_ digits: Substring) -> Int? {
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(digits).flatMap { $0 <= 65_535 ? $0 : nil }
    }

    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
