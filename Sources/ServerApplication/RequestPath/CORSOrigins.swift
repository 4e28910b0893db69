internal import HTTPCore

/// Which pages may call this server from a browser: none, some origins exactly, or any.
struct CORSOrigins: Sendable, Equatable {
    /// As they were configured; `*` alone for any.
    let texts: [String]

    /// What is wrong with a text that should be an origin.
    struct Malformed: Error, Sendable, Equatable {
        let found: String
        let expected: String
    }

    static let countMax = 64
    private static let bytesMax = 255

    var isEmpty: Bool { texts.isEmpty }
    var allowsAny: Bool { texts == ["*"] }

    /// - Throws: `Malformed` for what a browser would never send as an origin, and so could never be allowed.
    init(_ texts: [String]) throws(Malformed) {
        guard texts.count <= Self.countMax else {
            throw Malformed(found: "\(texts.count) origins", expected: "at most \(Self.countMax)")
        }
        for (index, text) in texts.enumerated() {
            if text == "*" {
                guard texts.count == 1 else {
                    throw Malformed(found: "\"*\" beside origins", expected: "\"*\" alone, or origins")
                }
            } else if !Self.isOrigin(text) {
                throw Malformed(
                    found: "\"\(text)\"",
                    expected: "scheme://host or scheme://host:port in small letters, as a browser sends it, or \"*\"")
            }
            guard !texts[..<index].contains(text) else {
                throw Malformed(found: "\"\(text)\" a second time", expected: "each origin once")
            }
        }
        self.texts = texts
    }

    /// The place of an `Origin` field's value among the texts, compared byte by byte (RFC 6454 6.2 has one form for
    /// each origin).
    /// - Complexity: O(origins).
    func place(of origin: Span<UInt8>) -> Int? {
        if allowsAny { return 0 }
        for (index, text) in texts.enumerated() {
            let bytes = text.utf8.span
            if origin.count == bytes.count, Self.areEqual(origin, bytes) { return index }
        }
        return nil
    }

    private static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        for index in 0..<left.count where left[index] != right[index] { return false }
        return true
    }

    /// `scheme://host[:port]` without a path: RFC 6454 6.2.
    private static func isOrigin(_ text: String) -> Bool {
        guard text.utf8.count <= bytesMax, let scheme = text.firstRange(of: "://") else { return false }
        let host = text[scheme.upperBound...]
        let isScheme = text[..<scheme.lowerBound].utf8.allSatisfy { byte in
            isLowercase(byte) || isDigit(byte) || byte == 0x2b || byte == 0x2d || byte == 0x2e
        }
        // Letters, digits, dots and hyphens; colons and brackets of a port and of an IPv6 address.
        let isHost = host.utf8.allSatisfy { byte in
            isLowercase(byte) || isDigit(byte) || byte == 0x2d || byte == 0x2e || byte == 0x3a || byte == 0x5b
                || byte == 0x5d || byte == 0x5f
        }
        return !host.isEmpty && scheme.lowerBound > text.startIndex && isScheme && isHost
    }

    private static func isLowercase(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension String {
    /// Where a text first stands in this one. (The standard library's own needs a newer deployment target's overlay.)
    fileprivate func firstRange(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text), let end = index(start, offsetBy: text.count, limitedBy: endIndex) {
                return start..<end
            }
            start = index(after: start)
        }
        return nil
    }
}
