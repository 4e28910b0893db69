/// Collects a quoted scalar line by line: `'it''s'`, or `"a\n\u00e9"` with escapes. Line breaks become blanks, empty
/// lines line feeds.
struct YAMLQuotedText {
    private let quote: UInt8
    private var bytes: [UInt8] = []
    /// Whether the last line ended with a backslash, which joins it with the next without a blank.
    private var isJoined = false
    /// Line feeds that stand for empty lines.
    private var feeds = 0
    private(set) var isBroken = false

    init(quote: UInt8) {
        self.quote = quote
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Adds the text of one line.
    ///
    /// - Returns: the place behind the closing quote; nil if the line has none.
    mutating func append(_ source: [UInt8], _ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        isJoined = false
        while index < range.upperBound {
            let byte = source[index]
            index += 1
            if byte == quote {
                // Two single quotes stand for one.
                guard quote == UInt8(ascii: "'"), index < range.upperBound, source[index] == quote else { return index }
                bytes.append(quote)
                index += 1
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                guard index < range.upperBound else {
                    isJoined = true
                    return nil
                }
                guard let next = appendEscape(source, index..<range.upperBound) else {
                    isBroken = true
                    return nil
                }
                index = next
            } else {
                bytes.append(byte)
            }
        }
        return nil
    }

    /// Goes on in the next line.
    mutating func breakLine(isNextEmpty: Bool) {
        if isNextEmpty {
            bytes.append(0x0A)
            feeds += 1
        } else if feeds > 0 {
            feeds = 0
        } else if !isJoined {
            bytes.append(0x20)
        }
    }

    private static let escapes: [UInt8: UInt32] = [
        0x30: 0, 0x61: 7, 0x62: 8, 0x74: 9, 0x09: 9, 0x6E: 10, 0x76: 11, 0x66: 12, 0x72: 13, 0x65: 27, 0x20: 0x20,
        0x22: 0x22, 0x2F: 0x2F, 0x5C: 0x5C, 0x4E: 0x85, 0x5F: 0xA0, 0x4C: 0x2028, 0x50: 0x2029,
    ]

    private mutating func appendEscape(_ source: [UInt8], _ range: Range<Int>) -> Int? {
        let letter = source[range.lowerBound]
        var next = range.lowerBound + 1
        var point = Self.escapes[letter]
        if let digits = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8][letter] {
            guard range.upperBound - next >= digits else { return nil }
            var value: UInt32 = 0
            for place in next..<next + digits {
                guard let digit = Character(Unicode.Scalar(source[place])).hexDigitValue else { return nil }
                value = value << 4 | UInt32(digit)
            }
            point = value
            next += digits
        }
        guard let point, let scalar = Unicode.Scalar(point) else { return nil }
        bytes += Array(String(Character(scalar)).utf8)
        return next
    }
}
