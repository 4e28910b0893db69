/// What a call ends with: a code, and words for the developer at the other end.
package struct GRPCStatus: Error, Equatable, Sendable {
    /// Bytes of a message that are sent, before they are escaped: clients bound all fields together, some at 8 KiB.
    package static let messageBytesMax = 1024

    package let code: GRPCStatusCode
    /// Empty where the code says it all.
    package let message: String

    package init(_ code: GRPCStatusCode, _ message: String = "") {
        self.code = code
        self.message = message
    }

    /// The call went well.
    package static let ok = GRPCStatus(.ok)

    /// The fields that end an answer which has begun.
    package var trailers: ResponseFields {
        if code == .ok, message.isEmpty { return Self.okTrailers }
        return ResponseFields(pairs)
    }

    /// The fields of an answer that is nothing but its end: head and trailers in one, with HTTP's status 200.
    package var trailersOnly: ResponseFields { GRPCFields.response.adding(pairs) }

    private static let okTrailers = ResponseFields(GRPCStatus.ok.pairs)

    private var pairs: [(name: String, value: String)] {
        var pairs = [(name: "grpc-status", value: "\(code.rawValue)")]
        if !message.isEmpty { pairs.append(("grpc-message", Self.escape(message))) }
        return pairs
    }

    /// A message as `grpc-message` holds it: printable ASCII but for `%` as it is, every other byte of its UTF-8 as
    /// `%XX` (gRPC over HTTP/2, "Percent-Byte-Encoded").
    package static func escape(_ message: String) -> String {
        var escaped = ""
        for byte in message.utf8.prefix(messageBytesMax) {
            if byte >= 0x20, byte <= 0x7E, byte != UInt8(ascii: "%") {
                escaped.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                escaped += byte < 16 ? "%0" : "%"
                escaped += String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}
