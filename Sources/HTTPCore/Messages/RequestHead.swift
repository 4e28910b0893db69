/// The head of a request: its bytes, and where in them its parts lie.
///
/// One a loop, filled again for each request: a handler that wants something of it later takes a copy of that part.
package struct RequestHead: Sendable {
    /// Where one field lies in ``bytes``.
    struct Field: Sendable {
        var nameStart: Int32
        var nameEnd: Int32
        var valueStart: Int32
        var valueEnd: Int32
        var known: UInt8
    }

    /// The head's bytes first; what is behind them is left from a longer one.
    var bytes: [UInt8] = []
    /// The fields first; likewise.
    private var fields: [Field] = []
    /// The bits of the known fields that are there, so that one which is not costs nothing to look for.
    private var knownFields: UInt64 = 0
    /// How many fields there are.
    package private(set) var fieldCount = 0
    var pathRange = 0..<0
    var queryRange: Range<Int>?
    /// The authority of an absolute-form target, which stands in for Host (RFC 9112 3.2.2).
    var authorityRange: Range<Int>?
    var keepsAlive = true
    /// `close` was among the connection options: it wins over `keep-alive`.
    var saidClose = false

    /// The method.
    package internal(set) var method = HTTPMethod.get
    /// The version.
    package internal(set) var version = HTTPVersion.http11
    /// The body's length where the request tells it; `nil` for a chunked body and for none.
    package internal(set) var contentLength: Int?
    /// Whether the body comes in chunks of unknown number.
    package internal(set) var isChunked = false
    /// Whether the client waits for 100 before it sends the body; the connection sees to that.
    package internal(set) var expectsContinue = false

    /// Makes an empty head, to be filled by a parser.
    package init() {}

    /// Makes a head from its parts, for tests of handlers.
    ///
    /// - Throws: `RequestFailure` where a parser would refuse it.
    package init(
        method: String, target: String, fields: [(name: String, value: String)] = [], version: HTTPVersion = .http11
    ) throws(RequestFailure) {
        self.init()
        var text = "\(method) \(target) HTTP/1.1\r\n"
        if !fields.contains(where: { $0.name.lowercased() == "host" }) { text += "Host: localhost\r\n" }
        for field in fields { text += "\(field.name): \(field.value)\r\n" }
        let wire = Array((text + "\r\n").utf8)
        var parser = HTTP1HeadParser()
        switch parser.parse(wire.span, from: 0, limits: HTTPLimits(), into: &self) {
        case .complete: self.version = version
        case .failed(let failure): throw failure
        case .incomplete: throw .malformedField
        }
    }

    /// Forgets the fields; their memory stays. (`removeAll(keepingCapacity:)` costs as much as parsing a field.)
    mutating func removeFields() {
        fieldCount = 0
        knownFields = 0
    }

    /// Adds a field.
    @inline(__always)
    mutating func addField(_ field: Field) {
        if fieldCount < fields.count { fields[fieldCount] = field } else { fields.append(field) }
        fieldCount &+= 1
        // No field at all sets the last bit, which is none of the known ones.
        knownFields |= 1 &<< UInt64(field.known)
    }

    /// The path as it came, percent signs and all; starts with `/`, or is `*` (OPTIONS only).
    package var path: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(pathRange) }
    }

    /// What follows the first `?` as it came; `nil` without one.
    package var query: Span<UInt8>? {
        @_lifetime(borrow self)
        get {
            guard let queryRange else { return nil }
            return bytes.span.extracting(queryRange)
        }
    }

    /// Whether a body follows.
    package var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// The value of the first field of that name, without white space around it; `nil` where there is none.
    ///
    /// - Complexity: O(fields), about a nanosecond each.
    @_lifetime(borrow self)
    package func value(of known: KnownField) -> Span<UInt8>? {
        if known == .host, let authorityRange { return bytes.span.extracting(authorityRange) }
        guard has(known) else { return nil }
        for index in 0..<fieldCount where fields[index].known == known.rawValue {
            return bytes.span.extracting(Int(fields[index].valueStart)..<Int(fields[index].valueEnd))
        }
        return nil
    }

    /// Whether there is a field of that name.
    package func has(_ known: KnownField) -> Bool { knownFields & 1 &<< UInt64(known.rawValue) != 0 }

    /// Whether field `index` is the one of that name.
    func isField(_ index: Int, _ known: KnownField) -> Bool { fields[index].known == known.rawValue }

    /// The name of field `index` as it came.
    @_lifetime(borrow self)
    package func name(at index: Int) -> Span<UInt8> {
        precondition(index < fieldCount, "no such field")
        return bytes.span.extracting(Int(fields[index].nameStart)..<Int(fields[index].nameEnd))
    }

    /// The value of field `index`.
    @_lifetime(borrow self)
    package func value(at index: Int) -> Span<UInt8> {
        precondition(index < fieldCount, "no such field")
        return bytes.span.extracting(Int(fields[index].valueStart)..<Int(fields[index].valueEnd))
    }

    /// All values of one name, in order, as text; for lists that may come in several lines. Allocates.
    package func texts(of known: KnownField) -> [String] {
        var texts: [String] = []
        for index in 0..<fieldCount where fields[index].known == known.rawValue {
            texts.append(value(at: index).text)
        }
        return texts
    }

    /// Whether there are several fields of that name. Together they are a list (RFC 9110 5.3), which is no value where
    /// one is asked for.
    package func hasSeveral(_ known: KnownField) -> Bool {
        guard has(known) else { return false }
        return (0..<fieldCount).count { fields[$0].known == known.rawValue } > 1
    }

    /// The value of the first field of that name as text. Allocates.
    package func text(of known: KnownField) -> String? {
        guard let value = value(of: known) else { return nil }
        return value.text
    }

    /// The value of the first field with that name in small letters, as text. Allocates.
    package func text(named lowercased: StaticString) -> String? {
        for index in 0..<fieldCount where name(at: index).equalsIgnoringCase(lowercased) {
            return value(at: index).text
        }
        return nil
    }
}
