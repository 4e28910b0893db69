/// The version a request came in. HTTP/1.2 and later minor versions count as 1.1 (RFC 9110 2.5).
package enum HTTPVersion: UInt8, Sendable {
    case http10, http11, http2
}
