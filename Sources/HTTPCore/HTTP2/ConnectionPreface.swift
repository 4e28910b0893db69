/// Tells an HTTP/2 connection with prior knowledge from HTTP/1 by its first bytes (RFC 9113 3.4).
///
/// This is the one place where a connection's protocol is chosen.
package enum ConnectionPreface {
    /// What the first bytes say.
    package enum Verdict: Sendable {
        case http1, http2
        /// They are the beginning of the preface, but not all of it.
        case undecided
    }

    /// `PRI * HTTP/2.0`, an empty line, `SM`, an empty line: 24 bytes.
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Judges the first bytes of a connection; decided at the first byte that differs.
    package static func judge(_ bytes: Span<UInt8>) -> Verdict {
        guard !bytes.isEmpty else { return .undecided }
        // A request with another first letter needs no closer look; POST, PUT and PATCH share only this one.
        guard bytes[0] == UInt8(ascii: "P") else { return .http1 }
        let count = min(bytes.count, preface.count)
        for index in 1..<max(1, count) where bytes[index] != preface[index] { return .http1 }
        return count == preface.count ? .http2 : .undecided
    }
}
