/// How a body is coded, or not (RFC 9110 8.4.1).
package enum ContentCoding: UInt8, Sendable, CaseIterable {
    /// Not at all.
    case identity
    /// `gzip`, also by its old name `x-gzip`.
    case gzip
    /// `deflate`: the zlib format. What bears that name without zlib's header is read, too; see ``BodyDecoder``.
    case deflate

    /// The coding of that name, whatever its case.
    init?(named name: Span<UInt8>) {
        switch name.count {
        case 4 where name.equalsIgnoringCase("gzip"), 6 where name.equalsIgnoringCase("x-gzip"): self = .gzip
        case 7 where name.equalsIgnoringCase("deflate"): self = .deflate
        case 8 where name.equalsIgnoringCase("identity"): self = .identity
        default: return nil
        }
    }

    /// What a 415 tells: the codings that are read (RFC 9110 15.5.16).
    package static let readable: (name: String, value: String) = ("Accept-Encoding", "gzip, deflate")
}

extension RequestHead {
    /// How the request's body is coded; `nil` where the body cannot be read here.
    ///
    /// At most one coding besides `identity`, which says nothing: a second one is either a mistake or a bomb in a bomb.
    /// - Complexity: a nanosecond without the field.
    package var contentCoding: ContentCoding? {
        guard has(.contentEncoding) else { return .identity }
        var coding = ContentCoding.identity
        for index in 0..<fieldCount where isField(index, .contentEncoding) {
            let value = value(at: index)
            var elements = ListElements()
            while let range = elements.next(in: value) {
                guard let named = ContentCoding(named: value.extracting(range)) else { return nil }
                if named == .identity { continue }
                guard coding == .identity else { return nil }
                coding = named
            }
        }
        return coding
    }

    /// The coding in which the client likes its answer best, among those that are written here.
    ///
    /// - Complexity: a nanosecond without the field, a few where gzip comes first.
    package var answerCoding: ContentCoding {
        guard has(.acceptEncoding) else { return .identity }
        var accepted = AcceptEncoding()
        for index in 0..<fieldCount where isField(index, .acceptEncoding) {
            let value = value(at: index)
            // As nearly all clients begin: nothing behind it can be liked better.
            if accepted.isEmpty, AcceptEncoding.beginsWithGzip(value) { return .gzip }
            accepted.add(value)
        }
        return accepted.best
    }
}
