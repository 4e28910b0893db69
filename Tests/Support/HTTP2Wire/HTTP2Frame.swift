/// One HTTP/2 frame (RFC 9113 4.1), made or read by hand.
package struct HTTP2Frame: Equatable {
    package enum Kind: UInt8, Sendable {
        case data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    package var type: UInt8
    package var flags: UInt8
    package var stream: UInt32
    package var payload: [UInt8]

    package init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        type = kind.rawValue
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    package init(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8]) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    package static let endStream: UInt8 = 1
    package static let acknowledgement: UInt8 = 1
    package static let endHeaders: UInt8 = 4

    /// What a client begins with: the preface and its settings.
    package static func hello(_ settings: [(UInt16, UInt32)] = []) -> [UInt8] {
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + HTTP2Frame.settings(settings).bytes
    }

    package static func settings(_ entries: [(UInt16, UInt32)]) -> HTTP2Frame {
        var payload: [UInt8] = []
        for (key, value) in entries {
            payload += [UInt8(key >> 8), UInt8(truncatingIfNeeded: key)]
            payload += HTTP2Frame.word(value)
        }
        return HTTP2Frame(.settings, payload)
    }

    package static func headers(
        _ stream: UInt32, _ fields: [(String, String)], end: Bool = true, flags: UInt8 = HTTP2Frame.endHeaders
    ) -> HTTP2Frame {
        HTTP2Frame(.headers, flags: flags | (end ? endStream : 0), stream: stream, block(fields))
    }

    /// A request's HEADERS.
    package static func request(
        _ stream: UInt32, _ method: String = "GET", _ path: String = "/", _ more: [(String, String)] = [],
        end: Bool = true
    ) -> HTTP2Frame {
        headers(
            stream,
            [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost")] + more, end: end)
    }

    package static func data(_ stream: UInt32, _ bytes: [UInt8], end: Bool = true) -> HTTP2Frame {
        HTTP2Frame(.data, flags: end ? endStream : 0, stream: stream, bytes)
    }

    package static func data(_ stream: UInt32, _ text: String, end: Bool = true) -> HTTP2Frame {
        data(stream, Array(text.utf8), end: end)
    }

    package static func reset(_ stream: UInt32, _ error: UInt32 = 8) -> HTTP2Frame {
        HTTP2Frame(.resetStream, stream: stream, word(error))
    }

    package static func window(_ stream: UInt32, _ bytes: UInt32) -> HTTP2Frame {
        HTTP2Frame(.windowUpdate, stream: stream, word(bytes))
    }

    package static func ping(_ letter: UInt8 = 7, flags: UInt8 = 0) -> HTTP2Frame {
        HTTP2Frame(.ping, flags: flags, [UInt8](repeating: letter, count: 8))
    }

    package static func word(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    /// Fields as HPACK literals that are neither indexed nor Huffman-coded (RFC 7541 6.2.2).
    package static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { name, value in [0] + string(Array(name.utf8)) + string(Array(value.utf8)) }
    }

    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var head: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            head.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return head + [UInt8(rest)] + bytes
    }

    package var bytes: [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
            + HTTP2Frame.word(stream) + payload
    }
}

package func + (left: [UInt8], right: HTTP2Frame) -> [UInt8] { left + right.bytes }
package func + (left: HTTP2Frame, right: HTTP2Frame) -> [UInt8] { left.bytes + right.bytes }
