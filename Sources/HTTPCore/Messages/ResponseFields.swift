/// The fields of an answer, made once and shared by all that send it.
///
/// The connection adds `Date`, `Content-Length`, `Transfer-Encoding` and `Connection` itself, since only it knows them.
///
/// Making one never fails: a control byte in a value (CR, LF, NUL, ...) becomes a space, so that a value which holds a
/// client's words can never start a second field; a field whose name is not a token, or is one of the connection's own,
/// is left out.
package final class ResponseFields: Sendable {
    /// One field.
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    /// The fields that are sent, in order.
    package let fields: [Field]
    /// The same as HTTP/1 lines, each ended by CRLF.
    let lines: [UInt8]
    /// The same for HTTP/2: names in small letters, each followed by its value.
    let compact: [UInt8]
    /// Where in ``compact`` each field lies.
    let compactRanges: [(nameStart: Int, valueStart: Int, end: Int)]
    /// Whether a body of this kind gets shorter when it is coded, and may be.
    let isCodable: Bool
    /// Whether there is a `Vary` that covers Accept-Encoding.
    let variesOnEncoding: Bool

    /// Makes a block of fields.
    package init(_ pairs: [(name: String, value: String)]) {
        var fields: [Field] = []
        var lines: [UInt8] = []
        var compact: [UInt8] = []
        var compactRanges: [(nameStart: Int, valueStart: Int, end: Int)] = []
        for (name, value) in pairs where ResponseFields.mayName(name) {
            let clean = value.utf8.map { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F ? 0x20 : $0 }
            fields.append(Field(name: name, value: String(decoding: clean, as: UTF8.self)))
            lines.append(contentsOf: name.utf8)
            lines.append(contentsOf: ": ".utf8)
            lines.append(contentsOf: clean)
            lines.append(contentsOf: "\r\n".utf8)
            let nameStart = compact.count
            for byte in name.utf8 { compact.append(asciiLowercased(byte)) }
            let valueStart = compact.count
            compact.append(contentsOf: ResponseFields.trimmed(clean))
            compactRanges.append((nameStart, valueStart, compact.count))
        }
        self.fields = fields
        self.lines = lines
        self.compact = compact
        self.compactRanges = compactRanges
        isCodable = CodableContent.describes(fields)
        variesOnEncoding = fields.contains { field in
            guard field.name.lowercased() == "vary" else { return false }
            let value = field.value.lowercased()
            return value == "*" || value.split(separator: ",").contains { $0.trimmed == "accept-encoding" }
        }
    }

    /// No fields.
    package static let none = ResponseFields([])
    /// `Content-Type: application/json`.
    package static let json = ResponseFields([("Content-Type", "application/json")])
    /// `Content-Type: application/problem+json` (RFC 9457 3), not to be sniffed or kept.
    package static let problem = ResponseFields([
        ("Content-Type", "application/problem+json"), ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ])
    /// `Content-Type: text/plain; charset=utf-8`.
    package static let plainText = ResponseFields([("Content-Type", "text/plain; charset=utf-8")])

    /// The same fields and some more.
    package func adding(_ pairs: [(name: String, value: String)]) -> ResponseFields {
        ResponseFields(fields.map { ($0.name, $0.value) } + pairs)
    }

    /// Without white space around it, which HTTP/1 ignores and HTTP/2 forbids (RFC 9113 8.2.1).
    private static func trimmed(_ value: [UInt8]) -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let head = value.drop(while: isSpace)
        guard let last = head.lastIndex(where: { !isSpace($0) }) else { return [] }
        return head[...last]
    }

    private static func mayName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.allSatisfy(TokenBytes.contains) else { return false }
        switch name.lowercased() {
        case "date", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer":
            return false
        default: return true
        }
    }
}
