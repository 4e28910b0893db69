/// What a path may hold before it is matched, and how its segments are decoded: after splitting, once.
package enum PathSyntax {
    /// Whether each segment is safe to decode: percent signs are followed by two hex digits; no segment is `.` or
    /// `..`, and none holds a slash or a control byte, however they are written.
    ///
    /// Names from a path end up in look-ups and messages; these are the spellings with which other servers were led to
    /// files (`%2e%2e/`, `..%2f`). They never mean anything here, so they are refused instead of resolved.
    package static func isSafe(_ path: Span<UInt8>) -> Bool {
        var index = 0
        var segmentBytes = 0
        var segmentDots = 0
        while index < path.count {
            var byte = path[index]
            index += 1
            if byte == UInt8(ascii: "/") {
                if segmentBytes == segmentDots, segmentDots == 1 || segmentDots == 2 { return false }
                segmentBytes = 0
                segmentDots = 0
                continue
            }
            if byte == UInt8(ascii: "%") {
                guard let decoded = hexPair(path, index) else { return false }
                byte = decoded
                index += 2
                if byte == UInt8(ascii: "/") { return false }
            }
            if byte < 0x20 || byte == 0x7F { return false }
            segmentBytes += 1
            if byte == UInt8(ascii: ".") { segmentDots += 1 }
        }
        return !(segmentBytes == segmentDots && (segmentDots == 1 || segmentDots == 2))
    }

    /// The segment decoded; `nil` where it has a bad escape or the result is not UTF-8. Allocates.
    package static func decode(_ segment: Span<UInt8>) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(segment.count)
        var index = 0
        while index < segment.count {
            var byte = segment[index]
            index += 1
            if byte == UInt8(ascii: "%") {
                guard let decoded = hexPair(segment, index) else { return nil }
                byte = decoded
                index += 2
            }
            bytes.append(byte)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Whether `segment`, decoded, is `literal`. Does not allocate.
    static func matches(_ segment: Span<UInt8>, _ literal: Span<UInt8>) -> Bool {
        if segment.count < literal.count { return false }
        var index = 0
        for place in 0..<literal.count {
            guard index < segment.count else { return false }
            var byte = segment[index]
            index += 1
            if byte == UInt8(ascii: "%") {
                guard let decoded = hexPair(segment, index) else { return false }
                byte = decoded
                index += 2
            }
            if byte != literal[place] { return false }
        }
        return index == segment.count
    }

    /// The value of the two hex digits at `index`.
    static func hexPair(_ bytes: Span<UInt8>, _ index: Int) -> UInt8? {
        guard index + 1 < bytes.count, let high = hexDigit(bytes[index]), let low = hexDigit(bytes[index + 1]) else {
            return nil
        }
        return high << 4 | low
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte - 0x30 }
        let letter = asciiLowercased(byte)
        return letter &- 0x61 < 6 ? letter - 0x57 : nil
    }
}
