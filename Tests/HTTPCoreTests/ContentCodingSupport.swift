import Compression

@testable import HTTPCore

/// Coded bodies for the tests of content coding, and what is in them.
enum Coded {
    /// `hello hello hello`, as Python's zlib made it.
    static let helloRaw: [UInt8] = [
        0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8, 0x40, 0x90, 0x00,
    ]
    static let helloZlib: [UInt8] = [
        0x78, 0x9C, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8, 0x40, 0x90, 0x00, 0x3A, 0x2E, 0x06, 0x7D,
    ]
    static let helloGzip: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57,
        0xC8, 0x40, 0x90, 0x00, 0x80, 0x88, 0xF9, 0xE5, 0x11, 0x00, 0x00, 0x00,
    ]
    static let hello = "hello hello hello"

    static func code(_ bytes: [UInt8], _ wrapping: DeflateWrapping = .gzip, level: Int32 = 6) -> [UInt8] {
        guard var stream = try? DeflateStream(wrapping, level: level) else { return [] }
        var output: [UInt8] = []
        var rest = bytes[...]
        var isDone = false
        while !isDone {
            let piece = Array(rest)
            output.append(addingCapacity: 4096) { target in
                let step = stream.deflate(piece.span, into: &target, flush: .finish)
                rest = rest.dropFirst(step.consumed)
                isDone = step.isDone
            }
        }
        return output
    }

    static func gzip(_ text: String) -> [UInt8] { code(Array(text.utf8)) }

    /// The text in a coded answer.
    static func text(_ bytes: [UInt8]) -> String? {
        guard let plain = try? Inflate.auto(bytes.span, outputBytesMax: 64 << 20, ratioMax: 2000) else { return nil }
        return String(decoding: plain, as: UTF8.self)
    }

    /// A request with that body. Without chunks it tells its length.
    static func request(
        _ body: [UInt8], _ coding: String? = "gzip", chunks: Int? = nil, method: String = "POST", fields: String = ""
    ) -> [UInt8] {
        var head = "\(method) /p HTTP/1.1\r\nHost: x\r\n\(fields)"
        if let coding { head += "Content-Encoding: \(coding)\r\n" }
        guard let chunks else { return Array("\(head)Content-Length: \(body.count)\r\n\r\n".utf8) + body }
        var wire = Array("\(head)Transfer-Encoding: chunked\r\n\r\n".utf8)
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(chunks)
            wire += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
            rest = rest.dropFirst(chunks)
        }
        return wire + Array("0\r\n\r\n".utf8)
    }

    static func copy(of bytes: Span<UInt8>) -> [UInt8] {
        var copy: [UInt8] = []
        for index in 0..<bytes.count { copy.append(bytes[index]) }
        return copy
    }

    /// Text that deflate halves at best.
    static func noise(_ count: Int) -> [UInt8] {
        var seed: UInt64 = 88172645463325252
        return (0..<count).map { _ in
            seed ^= seed << 13
            seed ^= seed >> 7
            seed ^= seed << 17
            return UInt8(ascii: "0") + UInt8(truncatingIfNeeded: seed % 10)
        }
    }
}

/// One answer taken apart.
struct Answer {
    var status = 0
    var fields: [String] = []
    var body: [UInt8] = []

    /// The answers in `bytes`, each with a length or in chunks.
    static func all(in bytes: [UInt8], isHead: Bool = false) -> [Answer] {
        var answers: [Answer] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            var answer = Answer()
            var lines: [String] = []
            while let line = takeLine(&rest), !line.isEmpty { lines.append(line) }
            answer.status = Int(lines.first?.dropFirst(9).prefix(3) ?? "") ?? 0
            answer.fields = Array(lines.dropFirst())
            if answer.status == 100 {
                // Nothing behind its head.
            } else if let length = answer.value(of: "Content-Length").flatMap({ Int($0) }) {
                if !isHead {
                    answer.body = Array(rest.prefix(length))
                    rest = rest.dropFirst(length)
                }
            } else if answer.value(of: "Transfer-Encoding") != nil, !isHead {
                while let size = takeLine(&rest).flatMap({ Int($0, radix: 16) }), size > 0 {
                    answer.body += rest.prefix(size)
                    rest = rest.dropFirst(size + 2)
                }
                _ = takeLine(&rest)
            }
            answers.append(answer)
        }
        return answers
    }

    private static func takeLine(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.firstIndex(of: 0x0A) else {
            rest = []
            return nil
        }
        let line = rest[rest.startIndex..<end].dropLast()
        rest = rest[(end + 1)...]
        return String(decoding: line, as: UTF8.self)
    }

    func value(of name: String) -> String? {
        fields.first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.utf8.count + 2)) }
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}

extension ConnectionDriver {
    /// Takes all output apart.
    func takeAnswers(isHead: Bool = false) -> [Answer] {
        let bytes = Coded.copy(of: connection.output.bytes)
        connection.sent(connection.output.count, context: &context)
        return Answer.all(in: bytes, isHead: isHead)
    }
}
