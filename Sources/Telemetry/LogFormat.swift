/// How a log line is written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line: `severity`, `message`, `time`, then the fields. Collectors of containers read it.
    case json
    /// For a person at a terminal.
    case text

    func line(_ level: LogLevel, _ message: String, _ fields: [LogField], at time: Timestamp) -> [UInt8] {
        var line = LineWriter()
        switch self {
        case .json:
            line.write(#"{"severity":""#)
            line.write(level.severity)
            line.write(#"","message":"#)
            line.writeQuoted(message)
            line.write(#","time":""#)
            line.write(time.description)
            line.write("\"")
            for field in fields {
                line.write(",")
                // The three names above are ours: a field of that name would be a second key of the same object.
                line.writeQuoted(Self.reservedNames.contains(field.name) ? field.name + "_" : field.name)
                line.write(":")
                line.writeJSON(field.value)
            }
            line.write("}\n")
        case .text:
            // The time of day is enough for a person: HH:MM:SS.mmm of the timestamp.
            line.write(String(time.description.dropFirst(11).dropLast()))
            line.write(" ")
            line.write(level.rawValue)
            line.write(String(repeating: " ", count: max(0, 8 - level.rawValue.utf8.count)))
            line.write(" ")
            line.writePlain(message)
            for field in fields {
                line.write("  ")
                line.write(field.name)
                line.write("=")
                line.writeText(field.value)
            }
            line.write("\n")
        }
        return line.bytes
    }

    private static let reservedNames: Set<String> = ["severity", "message", "time"]
}

/// Bytes of one line. Control characters never pass as they are, so that nobody forges a line or steers a terminal.
private struct LineWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func writeQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": write(#"\""#)
            case "\\": write(#"\\"#)
            case "\n": write(#"\n"#)
            case "\r": write(#"\r"#)
            case "\t": write(#"\t"#)
            case _ where Self.isControl(scalar): writeEscape(scalar)
            default: bytes.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func writePlain(_ text: String) {
        for scalar in text.unicodeScalars {
            if Self.isControl(scalar) {
                writeEscape(scalar)
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
            }
        }
    }

    mutating func writeJSON(_ value: LogValue) {
        switch value {
        case .text(let text): writeQuoted(text)
        case .integer(let integer): write(String(integer))
        case .number(let number): write(number.isFinite ? number.description : "null")
        case .flag(let flag): write(flag ? "true" : "false")
        }
    }

    mutating func writeText(_ value: LogValue) {
        switch value {
        case .text(let text):
            let isWord = !text.isEmpty && text.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0 != "\"" }
            if isWord { writePlain(text) } else { writeQuoted(text) }
        case .integer(let integer): write(String(integer))
        case .number(let number): write(number.description)
        case .flag(let flag): write(flag ? "true" : "false")
        }
    }

    private mutating func writeEscape(_ scalar: Unicode.Scalar) {
        let hex = String(scalar.value, radix: 16)
        write("\\u" + String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex)
    }

    /// C0, DEL, C1 and the two line separators of Unicode.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029: true
        default: false
        }
    }
}
