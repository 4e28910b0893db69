/// Puts a request's head together from the fields as HPACK yields them (RFC 9113 8.3).
///
/// The session has already refused what RFC 9113 8.2 and 8.3 call malformed: unknown, repeated or late pseudo-fields,
/// capitals in names, connection fields, control bytes, more than one Content-Length. Here is checked what goes beyond
/// a field by itself.
struct HTTP2HeadBuilder {
    /// What RFC 9113 6.5.2 adds for each field to the size of a list.
    private static let fieldOverhead = 32

    private(set) var head = RequestHead()
    private var end = 0
    private var listBytes = 0
    /// Why the request is to be refused.
    private(set) var failure: RequestFailure?
    private var hasHost = false
    private var hostRange = 0..<0
    private var expectsOther = false

    /// Forgets the last head.
    mutating func begin() {
        end = 0
        listBytes = 0
        failure = nil
        hasHost = false
        expectsOther = false
        head.removeFields()
        head.version = .http2
        head.keepsAlive = true
        head.saidClose = false
        head.method = .get
        head.pathRange = 0..<0
        head.queryRange = nil
        head.authorityRange = nil
        head.contentLength = nil
        head.isChunked = false
        head.expectsContinue = false
    }

    /// Counts a field of a trailer section, which is not kept.
    ///
    /// - Returns: false where the section is longer than is read.
    mutating func skip(_ name: Span<UInt8>, _ value: Span<UInt8>, _ limits: HTTPLimits) -> Bool {
        listBytes += name.count + value.count + HTTP2HeadBuilder.fieldOverhead
        return listBytes <= limits.headBytesMax
    }

    /// Whether the fields are so many times what is read that they are not even counted to the end: one byte may stand
    /// for thousands (HPACK's dynamic table), and each field costs the session a look at all of its bytes.
    func isOverflowing(_ limits: HTTPLimits) -> Bool { listBytes > 2 * limits.headBytesMax }

    /// Adds a field.
    ///
    /// - Complexity: O(bytes), nothing once the head is refused.
    mutating func add(_ name: Span<UInt8>, _ value: Span<UInt8>, _ limits: HTTPLimits) {
        listBytes += name.count + value.count + HTTP2HeadBuilder.fieldOverhead
        guard failure == nil else { return }
        guard listBytes <= limits.headBytesMax else { return failure = .headTooLarge }
        if name.count > 1, name[0] == UInt8(ascii: ":") { return addPseudo(name, value, limits) }
        guard head.fieldCount < limits.fieldsMax else { return failure = .tooManyFields }
        let nameStart = end
        let valueStart = head.bytes.overwrite(from: nameStart, with: name)
        end = head.bytes.overwrite(from: valueStart, with: value)
        let known = FieldNameMatch.shared.lookup(head.bytes.span, nameStart, valueStart)
        head.addField(
            RequestHead.Field(
                nameStart: Int32(truncatingIfNeeded: nameStart), nameEnd: Int32(truncatingIfNeeded: valueStart),
                valueStart: Int32(truncatingIfNeeded: valueStart), valueEnd: Int32(truncatingIfNeeded: end),
                known: known))
        // The connection's own fields are the first numbers.
        guard known <= KnownField.expect.rawValue, let field = KnownField(rawValue: known) else { return }
        switch field {
        case .host:
            hasHost = true
            hostRange = valueStart..<end
            if !value.isEmpty, !HostSyntax.isValid(value) { failure = .malformedHost }
        case .contentLength: head.contentLength = decimal(value)
        case .expect:
            if value.equalsIgnoringCase("100-continue") { head.expectsContinue = true } else { expectsOther = true }
        default: break
        }
    }

    private mutating func addPseudo(_ name: Span<UInt8>, _ value: Span<UInt8>, _ limits: HTTPLimits) {
        switch name[1] {
        case UInt8(ascii: "m"):
            head.method = HTTPMethod(value)
            if head.method == .other || head.method == .connect { failure = .unknownMethod }
        case UInt8(ascii: "p"):
            guard value.count <= limits.targetBytesMax else { return failure = .targetTooLong }
            addPath(value)
        case UInt8(ascii: "a"):
            guard value.isEmpty || HostSyntax.isValid(value) else { return failure = .malformedHost }
            let start = end
            end = head.bytes.overwrite(from: start, with: value)
            head.authorityRange = start..<end
        default: break  // The scheme: nobody asks for it.
        }
    }

    private mutating func addPath(_ value: Span<UInt8>) {
        var question = value.count
        for index in 0..<value.count {
            let byte = value[index]
            // Visible ASCII only (RFC 3986), and no fragment: it never belongs on the wire.
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "#") else { return failure = .malformedTarget }
            if byte == UInt8(ascii: "?"), question == value.count { question = index }
        }
        let start = end
        end = head.bytes.overwrite(from: start, with: value)
        head.pathRange = start..<start + question
        head.queryRange = question < value.count ? start + question + 1..<end : nil
    }

    /// The head is whole.
    ///
    /// - Returns: false where the request is malformed by RFC 9113 8.3.1: `:authority` and Host disagree.
    mutating func finish(hasBody: Bool) -> Bool {
        head.isChunked = hasBody && head.contentLength == nil
        if failure == nil, expectsOther { failure = .unknownExpectation }
        guard hasHost, let authority = head.authorityRange, failure == nil else { return true }
        guard authority.count == hostRange.count else { return false }
        for offset in 0..<authority.count
        where asciiLowercased(head.bytes[authority.lowerBound + offset])
            != asciiLowercased(head.bytes[hostRange.lowerBound + offset])
        {
            return false
        }
        return true
    }

    /// Moves the head out; what comes in return is filled next.
    mutating func exchange(with other: inout RequestHead) { swap(&head, &other) }

    /// The session has judged it: at most 19 digits or so. One that does not fit is longer than anything.
    private func decimal(_ value: Span<UInt8>) -> Int {
        var number = 0
        for index in 0..<value.count {
            let (scaled, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflowToo) = scaled.addingReportingOverflow(Int(value[index] &- 0x30))
            if overflow || overflowToo { return Int.max }
            number = sum
        }
        return number
    }
}
