/// Reads the head of an HTTP/1 request (RFC 9112 2 to 6) from the bytes at hand.
///
///     METHOD SP target SP HTTP/1.x CRLF
///     *( name ":" OWS value OWS CRLF )
///     CRLF
///
/// It is given all bytes from the head's first on, each time more of them, and looks at whole lines only: what it
/// answers depends on those bytes and not on how they were cut. Between calls it keeps one number, how far it has
/// searched for a line's end, so a head that comes byte by byte costs a search over the new byte and one parse a line.
struct HTTP1HeadParser {
    /// What the bytes came to.
    enum Outcome {
        case incomplete
        /// The head ends before index `end`.
        case complete(end: Int)
        case failed(RequestFailure)
    }

    private static let carriageReturn: UInt8 = 0x0D
    private static let lineFeed: UInt8 = 0x0A
    private static let space: UInt8 = 0x20
    private static let tab: UInt8 = 0x09
    /// RFC 9112 2.2 asks to ignore at least one empty line before a request line.
    private static let emptyLinesMax = 4
    /// Room in the request line for the method, the version and the two spaces.
    private static let requestLineExtra = 64

    /// Bytes from the head's first on in which all line ends have been seen; 0: a new head.
    private(set) var searched = 0
    private var isPastRequestLine = false

    /// Makes a parser at the start of a head.
    init() {}

    /// Whether no byte of a head has arrived yet.
    var isFresh: Bool { searched == 0 }

    /// Forgets the current head.
    mutating func reset() {
        searched = 0
        isPastRequestLine = false
    }

    /// Parses `input[start...]`, which must begin with the same bytes as in the call before.
    ///
    /// - Complexity: O(bytes) in the usual case that all have arrived; O(bytes x lines) at worst, both bounded by
    ///   `limits`.
    mutating func parse(
        _ input: Span<UInt8>, from start: Int, limits: HTTPLimits, into head: inout RequestHead
    ) -> Outcome {
        let available = input.count - start
        let end = start + min(available, limits.headBytesMax)
        if searched > 0, available < limits.headBytesMax,
            isPastRequestLine || available <= limits.targetBytesMax,
            ByteSearch.firstIndex(of: HTTP1HeadParser.lineFeed, in: input, from: start + searched, to: end) == end
        {
            searched = end - start
            return .incomplete
        }
        let outcome = parseLines(input, start, end, limits, &head)
        if case .incomplete = outcome {
            if available >= limits.headBytesMax { return .failed(.headTooLarge) }
            searched = end - start
        } else {
            reset()
        }
        return outcome
    }

    private mutating func parseLines(
        _ input: Span<UInt8>, _ start: Int, _ end: Int, _ limits: HTTPLimits, _ head: inout RequestHead
    ) -> Outcome {
        var position = start
        var emptyLines = 0
        while position < end, input[position] == Self.carriageReturn || input[position] == Self.lineFeed {
            guard input[position] == Self.carriageReturn else { return .failed(.bareLineEnd) }
            guard position + 1 < end else { return .incomplete }
            // A lone CR is judged with the rest of its line, so that it does not matter when that comes.
            guard input[position + 1] == Self.lineFeed else { break }
            position += 2
            emptyLines += 1
            guard emptyLines <= Self.emptyLinesMax else { return .failed(.malformedRequestLine) }
        }

        let lineMax = limits.targetBytesMax + Self.requestLineExtra
        let lineLimit = min(end, position + lineMax)
        var lineFeed = ByteSearch.firstIndex(of: Self.lineFeed, in: input, from: position, to: lineLimit)
        guard lineFeed < lineLimit else {
            return lineLimit - position >= lineMax ? .failed(.targetTooLong) : .incomplete
        }
        guard input[lineFeed - 1] == Self.carriageReturn else { return .failed(.bareLineEnd) }
        if let failure = parseRequestLine(input, start, position..<lineFeed - 1, limits, &head) {
            return .failed(failure)
        }
        isPastRequestLine = true

        var framing = Framing()
        head.removeFields()
        head.keepsAlive = head.version == .http11
        head.saidClose = false
        while true {
            position = lineFeed + 1
            lineFeed = ByteSearch.firstIndex(of: Self.lineFeed, in: input, from: position, to: end)
            guard lineFeed < end else { return .incomplete }
            guard lineFeed > position, input[lineFeed - 1] == Self.carriageReturn else { return .failed(.bareLineEnd) }
            if lineFeed - 1 == position { break }
            if head.fieldCount >= limits.fieldsMax { return .failed(.tooManyFields) }
            if let failure = parseField(input, start, position..<lineFeed - 1, &framing, &head) {
                return .failed(failure)
            }
        }
        if let failure = finish(framing, &head) { return .failed(failure) }
        position = lineFeed + 1
        head.bytes.overwrite(with: input.extracting(start..<position))
        return .complete(end: position)
    }

    // MARK: Request line

    private func parseRequestLine(
        _ input: Span<UInt8>, _ start: Int, _ line: Range<Int>, _ limits: HTTPLimits, _ head: inout RequestHead
    ) -> RequestFailure? {
        let methodEnd = ByteSearch.firstIndex(of: Self.space, in: input, from: line.lowerBound, to: line.upperBound)
        guard methodEnd > line.lowerBound, methodEnd < line.upperBound else { return .malformedRequestLine }
        for index in line.lowerBound..<methodEnd where !TokenBytes.contains(input[index]) {
            return .malformedRequestLine
        }
        let targetStart = methodEnd + 1
        let targetEnd = ByteSearch.firstIndex(of: Self.space, in: input, from: targetStart, to: line.upperBound)
        guard targetEnd > targetStart, targetEnd < line.upperBound else { return .malformedRequestLine }
        guard targetEnd - targetStart <= limits.targetBytesMax else { return .targetTooLong }
        if let failure = parseVersion(input.extracting(targetEnd + 1..<line.upperBound), &head) { return failure }
        head.method = HTTPMethod(input.extracting(line.lowerBound..<methodEnd))
        // 501 before the target is looked at: what it may be depends on the method.
        if head.method == .other || head.method == .connect { return .unknownMethod }
        return parseTarget(input, start, targetStart..<targetEnd, &head)
    }

    private func parseVersion(_ version: Span<UInt8>, _ head: inout RequestHead) -> RequestFailure? {
        guard version.count == 8, version.extracting(0..<5).equals("HTTP/"), version[6] == UInt8(ascii: "."),
            isDigit(version[5]), isDigit(version[7])
        else { return .malformedRequestLine }
        guard version[5] == UInt8(ascii: "1") else { return .unsupportedVersion }
        head.version = version[7] == UInt8(ascii: "0") ? .http10 : .http11
        return nil
    }

    private func parseTarget(
        _ input: Span<UInt8>, _ start: Int, _ target: Range<Int>, _ head: inout RequestHead
    ) -> RequestFailure? {
        var question = -1
        for index in target {
            let byte = input[index]
            // Visible ASCII only (RFC 3986), and no fragment: it never belongs on the wire.
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "#") else { return .malformedTarget }
            if byte == UInt8(ascii: "?"), question < 0 { question = index }
        }
        head.authorityRange = nil
        head.queryRange = question < 0 ? nil : question + 1 - start..<target.upperBound - start
        let pathEnd = question < 0 ? target.upperBound : question
        let first = input[target.lowerBound]
        if first == UInt8(ascii: "/") {
            head.pathRange = target.lowerBound - start..<pathEnd - start
            return nil
        }
        if first == UInt8(ascii: "*") {
            head.pathRange = target.lowerBound - start..<pathEnd - start
            return target.count == 1 && head.method == .options ? nil : .malformedTarget
        }
        return parseAbsoluteTarget(input, start, target.lowerBound..<pathEnd, &head)
    }

    /// `http://authority/path`, which every server has to accept (RFC 9112 3.2.2).
    private func parseAbsoluteTarget(
        _ input: Span<UInt8>, _ start: Int, _ target: Range<Int>, _ head: inout RequestHead
    ) -> RequestFailure? {
        let schemeEnd = ByteSearch.firstIndex(
            of: UInt8(ascii: ":"), in: input, from: target.lowerBound, to: target.upperBound)
        let authorityStart = schemeEnd + 3
        guard authorityStart < target.upperBound else { return .malformedTarget }
        let scheme = input.extracting(target.lowerBound..<schemeEnd)
        guard scheme.equalsIgnoringCase("http") || scheme.equalsIgnoringCase("https"),
            input.extracting(schemeEnd..<authorityStart).equals("://")
        else { return .malformedTarget }
        let authorityEnd = ByteSearch.firstIndex(
            of: UInt8(ascii: "/"), in: input, from: authorityStart, to: target.upperBound)
        guard authorityEnd > authorityStart, HostSyntax.isValid(input.extracting(authorityStart..<authorityEnd)) else {
            return .malformedTarget
        }
        head.authorityRange = authorityStart - start..<authorityEnd - start
        // Without a path it is "/": the slash before the authority is as good as any.
        let path = authorityEnd < target.upperBound ? authorityEnd..<target.upperBound : schemeEnd + 1..<schemeEnd + 2
        head.pathRange = path.lowerBound - start..<path.upperBound - start
        return nil
    }

    // MARK: Fields

    /// What the fields say about the framing, gathered until the head ends.
    private struct Framing {
        var hostCount = 0
        var length: Int?
        var hasCoding = false
        var expectsContinue = false
        var expectsOther = false
    }

    private func parseField(
        _ input: Span<UInt8>, _ start: Int, _ line: Range<Int>, _ framing: inout Framing, _ head: inout RequestHead
    ) -> RequestFailure? {
        let colon = ByteSearch.firstIndex(of: UInt8(ascii: ":"), in: input, from: line.lowerBound, to: line.upperBound)
        guard colon > line.lowerBound, colon < line.upperBound else {
            let first = input[line.lowerBound]
            return first == Self.space || first == Self.tab ? .foldedField : .malformedField
        }
        let known = FieldNameMatch.shared.lookup(input, line.lowerBound, colon)
        if known == FieldNameMatch.none {
            // A known name is a token by itself.
            for index in line.lowerBound..<colon where !TokenBytes.contains(input[index]) {
                let first = input[line.lowerBound]
                return first == Self.space || first == Self.tab ? .foldedField : .malformedField
            }
        }
        var valueStart = colon + 1
        var valueEnd = line.upperBound
        while valueStart < valueEnd, input[valueStart] == Self.space || input[valueStart] == Self.tab {
            valueStart += 1
        }
        while valueEnd > valueStart, input[valueEnd - 1] == Self.space || input[valueEnd - 1] == Self.tab {
            valueEnd -= 1
        }
        if ByteSearch.hasForbiddenValueByte(in: input, from: valueStart, to: valueEnd) { return .malformedField }
        head.addField(
            RequestHead.Field(
                nameStart: Int32(truncatingIfNeeded: line.lowerBound - start),
                nameEnd: Int32(truncatingIfNeeded: colon - start),
                valueStart: Int32(truncatingIfNeeded: valueStart - start),
                valueEnd: Int32(truncatingIfNeeded: valueEnd - start), known: known))
        // The connection's own fields are the first numbers.
        guard known <= KnownField.expect.rawValue, let field = KnownField(rawValue: known) else { return nil }
        return note(field, input.extracting(valueStart..<valueEnd), &framing, &head)
    }

    private func note(
        _ field: KnownField, _ value: Span<UInt8>, _ framing: inout Framing, _ head: inout RequestHead
    ) -> RequestFailure? {
        switch field {
        case .host:
            framing.hostCount += 1
            if framing.hostCount > 1 { return .repeatedHost }
            return value.isEmpty || HostSyntax.isValid(value) ? nil : .malformedHost
        case .contentLength:
            // RFC 9112 6.3: also a list of equal numbers, or the same line twice, is refused and not repaired.
            if framing.length != nil { return .repeatedLength }
            guard let length = decimal(value) else { return .malformedLength }
            framing.length = length
        case .transferEncoding:
            if framing.hasCoding { return .malformedCoding }
            framing.hasCoding = true
            if !value.equalsIgnoringCase("chunked") { return codingFailure(value) }
        case .connection:
            noteConnection(value, &head)
        case .expect:
            if value.equalsIgnoringCase("100-continue") {
                framing.expectsContinue = true
            } else {
                framing.expectsOther = true
            }
        default: break
        }
        return nil
    }

    private func finish(_ framing: Framing, _ head: inout RequestHead) -> RequestFailure? {
        if framing.hostCount == 0, head.version == .http11 { return .missingHost }
        if framing.hasCoding {
            if framing.length != nil { return .lengthWithCoding }
            if head.version == .http10 { return .codingInHTTP10 }
        }
        head.contentLength = framing.length
        head.isChunked = framing.hasCoding
        // RFC 9110 10.1.1: an expectation in HTTP/1.0 is ignored.
        if framing.expectsOther, head.version == .http11 { return .unknownExpectation }
        head.expectsContinue = framing.expectsContinue && head.version == .http11
        return nil
    }

    private func noteConnection(_ value: Span<UInt8>, _ head: inout RequestHead) {
        var position = 0
        while position < value.count {
            var stop = position
            while stop < value.count, value[stop] != UInt8(ascii: ",") { stop += 1 }
            var first = position
            var last = stop
            while first < last, value[first] == Self.space || value[first] == Self.tab { first += 1 }
            while last > first, value[last - 1] == Self.space || value[last - 1] == Self.tab { last -= 1 }
            let option = value.extracting(first..<last)
            if option.equalsIgnoringCase("close") {
                head.keepsAlive = false
                head.saidClose = true
            } else if head.version == .http10, !head.saidClose, option.equalsIgnoringCase("keep-alive") {
                head.keepsAlive = true
            }
            position = stop + 1
        }
    }

    /// A decimal number of at most 19 digits that fits an `Int`, and nothing else.
    private func decimal(_ value: Span<UInt8>) -> Int? {
        guard (1...19).contains(value.count) else { return nil }
        var number = 0
        for index in 0..<value.count {
            guard isDigit(value[index]) else { return nil }
            let (scaled, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflowToo) = scaled.addingReportingOverflow(Int(value[index] - 0x30))
            if overflow || overflowToo { return nil }
            number = sum
        }
        return number
    }

    /// One plain name is a coding we do not know; anything else, such as a list, is not what a client should send.
    private func codingFailure(_ value: Span<UInt8>) -> RequestFailure {
        if value.isEmpty { return .malformedCoding }
        for index in 0..<value.count where !TokenBytes.contains(value[index]) { return .malformedCoding }
        return .unknownCoding
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
}

/// The syntax of a Host value: `host [":" port]` (RFC 9110 7.2, RFC 3986 3.2).
enum HostSyntax {
    /// Whether `value` is a name, an IPv4 address or a bracketed IPv6 address, with an optional port.
    static func isValid(_ value: Span<UInt8>) -> Bool {
        guard !value.isEmpty else { return false }
        var position = 0
        if value[0] == UInt8(ascii: "[") {
            position = 1
            while position < value.count, value[position] != UInt8(ascii: "]") {
                let byte = value[position]
                guard isHex(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") else { return false }
                position += 1
            }
            guard position > 1, position < value.count else { return false }
            position += 1
        } else {
            while position < value.count, value[position] != UInt8(ascii: ":") {
                guard isNameByte(value[position]) else { return false }
                position += 1
            }
            guard position > 0 else { return false }
        }
        if position == value.count { return true }
        guard value[position] == UInt8(ascii: ":"), value.count - position <= 6 else { return false }
        for index in position + 1..<value.count where value[index] &- 0x30 >= 10 { return false }
        return true
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || asciiLowercased(byte) &- 0x61 < 6
    }

    /// Unreserved, percent and sub-delims but for the comma: that one means two Host fields were joined.
    @inline(__always)
    private static func isNameByte(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        return (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 != 0
    }

    // A set of 128 bits: "!$%&'()*+-.;=_~", digits, letters.
    private static let low: UInt64 = 0x2BFF_6FF2_0000_0000
    private static let high: UInt64 = 0x47FF_FFFE_87FF_FFFE
}
