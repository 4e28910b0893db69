internal import ModelIR

/// Reads the YAML that Python's `yaml.dump` writes, which is what `MLmodel` files are: block mappings and sequences,
/// plain, quoted and literal scalars over several lines, flow collections on one line.
///
/// Anchors, aliases, tags, directives, folded scalars and complex keys are refused, by line: nothing in a model's
/// folder needs them, and some of them make small files large.
struct YAMLReader {
    /// One line: its text without the indentation and without blanks at the end.
    private struct Line {
        var indent: Int
        var range: Range<Int>
        let number: Int
    }

    private let bytes: [UInt8]
    private var lines: [Line] = []
    private var current = 0
    private let name: String

    static let bytesMax = 1 << 20
    static let depthMax = 32

    /// - Parameter name: the file's, for messages.
    static func read(_ bytes: [UInt8], name: String) throws(ImportError) -> YAMLValue {
        guard bytes.count <= bytesMax else {
            throw ImportError(
                .limit, at: name, found: "\(bytes.count) bytes", expected: "at most \(bytesMax) of YAML")
        }
        guard bytes.isEmpty || String(validating: bytes, as: UTF8.self) != nil else {
            throw ImportError(.malformed, at: name, found: "bytes that are not UTF-8", expected: "YAML")
        }
        var reader = YAMLReader(bytes, name: name)
        reader.skipEmpty()
        if reader.line.map({ reader.slice($0) == Array("---".utf8)[...] }) == true { reader.current += 1 }
        let value = try reader.block(deeperThan: -1, depth: 0)
        reader.skipEmpty()
        guard reader.line == nil else { throw reader.error("more text", expected: "the end of the document") }
        return value
    }

    private init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
        var start = 0
        var number = 1
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            var text = start..<end
            while text.lowerBound < text.upperBound, bytes[text.lowerBound] == 0x20 {
                text = text.lowerBound + 1..<text.upperBound
            }
            let indent = text.lowerBound - start
            while let last = text.last, [0x20, 0x09, 0x0D].contains(bytes[last]) { text = text.lowerBound..<last }
            lines.append(Line(indent: indent, range: text, number: number))
            start = end + 1
            number += 1
        }
    }

    // MARK: Lines

    private var line: Line? { current < lines.count ? lines[current] : nil }

    private func slice(_ line: Line) -> ArraySlice<UInt8> { bytes[line.range] }

    private mutating func skipEmpty() {
        while let line, line.range.isEmpty || bytes[line.range.lowerBound] == UInt8(ascii: "#") { current += 1 }
    }

    private func isItem(_ line: Line) -> Bool {
        guard let first = line.range.first, bytes[first] == UInt8(ascii: "-") else { return false }
        return line.range.count == 1 || bytes[first + 1] == 0x20
    }

    private func error(_ found: String, expected: String) -> ImportError {
        let number = line?.number ?? lines.last?.number ?? 1
        return ImportError(.malformed, at: "\(name), line \(number)", found: found, expected: expected)
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    // MARK: Blocks

    /// The value on the lines that are indented deeper than `indent`.
    private mutating func block(deeperThan indent: Int, depth: Int) throws(ImportError) -> YAMLValue {
        guard depth < Self.depthMax else { throw error("deeper nesting", expected: "at most \(Self.depthMax) levels") }
        skipEmpty()
        guard let line, line.indent > indent else { return .none }
        if isItem(line) { return try sequence(at: line.indent, depth: depth) }
        if try key(of: line) != nil { return try mapping(at: line.indent, depth: depth) }
        return try scalar(line.range, parent: indent, depth: depth)
    }

    private mutating func sequence(at indent: Int, depth: Int) throws(ImportError) -> YAMLValue {
        var items: [YAMLValue] = []
        while true {
            skipEmpty()
            guard let line, line.indent == indent, isItem(line) else { break }
            // What follows the dash is a block of its own, as if the dash were a blank.
            var start = line.range.lowerBound + 1
            while start < line.range.upperBound, bytes[start] == 0x20 { start += 1 }
            lines[current].indent += start - line.range.lowerBound
            lines[current].range = start..<line.range.upperBound
            if lines[current].range.isEmpty { current += 1 }
            items.append(try block(deeperThan: indent, depth: depth + 1))
        }
        return .sequence(items)
    }

    private mutating func mapping(at indent: Int, depth: Int) throws(ImportError) -> YAMLValue {
        var pairs: [YAMLValue.Pair] = []
        while true {
            skipEmpty()
            guard let line, line.indent >= indent else { break }
            guard line.indent == indent, let (key, value) = try key(of: line) else {
                if line.indent == indent, isItem(line) { break }
                throw error("something else", expected: "a key and a colon")
            }
            if value.isEmpty {
                current += 1
                skipEmpty()
                // A sequence may stand as deep as the key that it belongs to.
                if let next = self.line, next.indent == indent, isItem(next) {
                    pairs.append(YAMLValue.Pair(key: key, value: try sequence(at: indent, depth: depth + 1)))
                } else {
                    pairs.append(YAMLValue.Pair(key: key, value: try block(deeperThan: indent, depth: depth + 1)))
                }
            } else {
                pairs.append(YAMLValue.Pair(key: key, value: try scalar(value, parent: indent, depth: depth + 1)))
            }
        }
        return .mapping(pairs)
    }

    /// The key of a line and where its value stands; nil if the line is no key's.
    private func key(of line: Line) throws(ImportError) -> (key: String, value: Range<Int>)? {
        guard let first = line.range.first else { return nil }
        var end = line.range.lowerBound
        let key: String
        if bytes[first] == UInt8(ascii: "'") || bytes[first] == UInt8(ascii: "\"") {
            guard let (text, next) = try quoted(in: line.range) else { return nil }
            (key, end) = (text, next)
            guard end < line.range.upperBound, bytes[end] == UInt8(ascii: ":") else { return nil }
        } else {
            while end < line.range.upperBound {
                if bytes[end] == UInt8(ascii: ":"), end + 1 == line.range.upperBound || bytes[end + 1] == 0x20 { break }
                // A comment ends the line.
                if bytes[end] == UInt8(ascii: "#"), end > first, bytes[end - 1] == 0x20 { return nil }
                end += 1
            }
            guard end < line.range.upperBound, end > first, !"[{&*!|>%@`?".utf8.contains(bytes[first]) else {
                return nil
            }
            key = text(first..<end)
        }
        var value = end + 1
        guard value == line.range.upperBound || bytes[value] == 0x20 else { return nil }
        while value < line.range.upperBound, bytes[value] == 0x20 { value += 1 }
        if value < line.range.upperBound, bytes[value] == UInt8(ascii: "#") { value = line.range.upperBound }
        return (key, value..<line.range.upperBound)
    }

    // MARK: Scalars

    /// A scalar that begins in the current line at `range`, and may go on in lines deeper than `parent`.
    private mutating func scalar(_ range: Range<Int>, parent: Int, depth: Int) throws(ImportError) -> YAMLValue {
        switch bytes[range.lowerBound] {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .scalar(try quotedOverLines(range))
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            var flow = YAMLFlowReader(bytes, range)
            guard let value = flow.readWhole() else {
                throw error("a broken list in brackets", expected: "one on a line, without anchors and tags")
            }
            current += 1
            return value
        case UInt8(ascii: "|"): return .scalar(try literal(range, parent: parent))
        case UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: ">"), UInt8(ascii: "%"),
            UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "?"):
            throw error(
                "\"\(text(range.lowerBound..<range.lowerBound + 1))\"",
                expected: "plain or quoted text; anchors, tags "
                    + "and the like are not read")
        default: return try plain(range, parent: parent)
        }
    }

    /// Lines are joined by blanks; an empty line stands for a line feed.
    private mutating func plain(_ range: Range<Int>, parent: Int) throws(ImportError) -> YAMLValue {
        var result = withoutComment(range)
        let isFirst = result
        current += 1
        var feeds = 0
        while let line {
            if line.range.isEmpty {
                feeds += 1
            } else if line.indent > parent, bytes[line.range.lowerBound] != UInt8(ascii: "#") {
                guard try key(of: line) == nil else { throw error("a key within a text", expected: "quotes around it") }
                result += feeds == 0 ? " " : String(repeating: "\n", count: feeds)
                result += withoutComment(line.range)
                feeds = 0
            } else {
                break
            }
            current += 1
        }
        return result == isFirst && ["null", "Null", "NULL", "~", ""].contains(result) ? .none : .scalar(result)
    }

    private func withoutComment(_ range: Range<Int>) -> String {
        var end = range.lowerBound
        while end < range.upperBound {
            if bytes[end] == UInt8(ascii: "#"), end > range.lowerBound, bytes[end - 1] == 0x20 { break }
            end += 1
        }
        while end > range.lowerBound, bytes[end - 1] == 0x20 { end -= 1 }
        return text(range.lowerBound..<end)
    }

    /// `|`, `|-` or `|+`: the lines as they are, without their common indentation.
    private mutating func literal(_ range: Range<Int>, parent: Int) throws(ImportError) -> String {
        let header = withoutComment(range)
        guard ["|", "|-", "|+"].contains(header) else {
            throw error("\"\(header)\"", expected: "|, |- or |+")
        }
        current += 1
        var result = ""
        var indent: Int?
        var feeds = 0
        while let line {
            if line.range.isEmpty {
                feeds += 1
            } else {
                guard line.indent > parent, line.indent >= indent ?? 0 else { break }
                indent = indent ?? line.indent
                result += String(repeating: "\n", count: feeds)
                feeds = 1
                result += String(repeating: " ", count: line.indent - (indent ?? 0)) + text(line.range)
            }
            current += 1
        }
        switch header {
        case "|-": return result
        case "|+": return result + String(repeating: "\n", count: feeds)
        default: return result.isEmpty ? result : result + "\n"
        }
    }

    // MARK: Quotes

    /// A quoted text within one line, and where it ends; nil if it does not end there.
    private func quoted(in range: Range<Int>) throws(ImportError) -> (text: String, end: Int)? {
        var text = YAMLQuotedText(quote: bytes[range.lowerBound])
        guard let end = text.append(bytes, range.lowerBound + 1..<range.upperBound) else {
            if text.isBroken { throw error("a broken escape", expected: "one of YAML's") }
            return nil
        }
        return (text.text, end)
    }

    private mutating func quotedOverLines(_ range: Range<Int>) throws(ImportError) -> String {
        var text = YAMLQuotedText(quote: bytes[range.lowerBound])
        var rest = range.lowerBound + 1..<range.upperBound
        while true {
            let end = text.append(bytes, rest)
            if text.isBroken { throw error("a broken escape", expected: "one of YAML's") }
            if let end {
                let behind = end..<rest.upperBound
                guard behind.isEmpty || withoutComment(behind).isEmpty || bytes[end] == 0x20 && isComment(behind) else {
                    throw error("text behind a quote", expected: "the end of the line")
                }
                current += 1
                return text.text
            }
            current += 1
            guard let line else { throw error("the end of the text", expected: "a closing quote") }
            text.breakLine(isNextEmpty: line.range.isEmpty)
            rest = line.range
        }
    }

    private func isComment(_ range: Range<Int>) -> Bool {
        range.first { bytes[$0] != 0x20 }.map { bytes[$0] == UInt8(ascii: "#") } ?? true
    }
}
