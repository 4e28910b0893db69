/// Reads `[a, 'b', {c: d}]`: a flow collection on one line.
struct YAMLFlowReader {
    private let bytes: [UInt8]
    private var offset: Int
    private let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The collection that fills the range but for blanks and a comment behind it; nil if there is none.
    mutating func readWhole() -> YAMLValue? {
        guard let value = read(depth: 0) else { return nil }
        let before = offset
        skipBlanks()
        return offset == end || bytes[offset] == UInt8(ascii: "#") && offset > before ? value : nil
    }

    private mutating func skipBlanks() {
        while offset < end, bytes[offset] == 0x20 { offset += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard offset < end, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func read(depth: Int) -> YAMLValue? {
        guard depth < YAMLReader.depthMax else { return nil }
        skipBlanks()
        guard offset < end else { return nil }
        switch bytes[offset] {
        case UInt8(ascii: "["):
            offset += 1
            var items: [YAMLValue] = []
            while !take(UInt8(ascii: "]")) {
                guard let item = read(depth: depth + 1) else { return nil }
                items.append(item)
                guard take(UInt8(ascii: ",")) else { return take(UInt8(ascii: "]")) ? .sequence(items) : nil }
            }
            return .sequence(items)
        case UInt8(ascii: "{"):
            offset += 1
            var pairs: [YAMLValue.Pair] = []
            while !take(UInt8(ascii: "}")) {
                guard let key = read(depth: depth + 1)?.text, take(UInt8(ascii: ":")),
                    let value = read(depth: depth + 1)
                else { return nil }
                pairs.append(YAMLValue.Pair(key: key, value: value))
                guard take(UInt8(ascii: ",")) else { return take(UInt8(ascii: "}")) ? .mapping(pairs) : nil }
            }
            return .mapping(pairs)
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            var text = YAMLQuotedText(quote: bytes[offset])
            guard let next = text.append(bytes, offset + 1..<end), !text.isBroken else { return nil }
            offset = next
            return .scalar(text.text)
        default: return readPlain()
        }
    }

    private mutating func readPlain() -> YAMLValue? {
        guard !"&*!|>%@`?#".utf8.contains(bytes[offset]) else { return nil }
        let start = offset
        while offset < end, !",[]{}".utf8.contains(bytes[offset]) {
            if bytes[offset] == UInt8(ascii: ":"), offset + 1 == end || " ,]}".utf8.contains(bytes[offset + 1]) {
                break
            }
            offset += 1
        }
        var last = offset
        while last > start, bytes[last - 1] == 0x20 { last -= 1 }
        let text = String(decoding: bytes[start..<last], as: UTF8.self)
        guard !text.isEmpty else { return nil }
        return ["null", "Null", "NULL", "~"].contains(text) ? YAMLValue.none : .scalar(text)
    }
}
