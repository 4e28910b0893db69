/// What an answer's fields say about the coding of its body.
package enum AnswerCoding: UInt8, Sendable {
    /// Nothing: this answer is the same for every client.
    case none
    /// It is not coded, but would be for others: caches have to know (RFC 9110 12.5.5).
    case varies
    case gzip
    case deflate

    /// How the answer to a client that likes `accepted` best is coded, if it gets shorter by that.
    ///
    /// `bodyBytes` is `nil` for an answer of unknown length that is sent piece by piece.
    ///
    /// Coding what holds both a secret and words of the request tells the secret by its length, guess by guess
    /// (BREACH). No answer of ours holds a secret: not a token, not a cookie, no other client's rows.
    package static func of(
        _ fields: ResponseFields, _ status: HTTPStatus, bodyBytes: Int?, accepted: ContentCoding, _ limits: HTTPLimits
    ) -> AnswerCoding {
        guard fields.isCodable, !status.hasNoBody else { return .none }
        if let bodyBytes {
            guard bodyBytes >= limits.compressedAnswerBytesMin, bodyBytes <= limits.compressedAnswerBytesMax else {
                return .none
            }
        } else if limits.compressedAnswerBytesMin == .max {
            return .none
        }
        return switch accepted {
        case .identity: .varies
        case .gzip: .gzip
        case .deflate: .deflate
        }
    }

    private static let variesField: (name: String, value: String) = ("Vary", "Accept-Encoding")
    private static let varying = ResponseFields([variesField])
    private static let gzipped = ResponseFields([("Content-Encoding", "gzip")])
    private static let gzippedVarying = ResponseFields([("Content-Encoding", "gzip"), variesField])
    private static let deflated = ResponseFields([("Content-Encoding", "deflate")])
    private static let deflatedVarying = ResponseFields([("Content-Encoding", "deflate"), variesField])

    /// The fields beside those of the answer; `nil` for none.
    func fields(of answer: ResponseFields) -> ResponseFields? {
        switch self {
        case .none: nil
        case .varies: answer.variesOnEncoding ? nil : AnswerCoding.varying
        case .gzip: answer.variesOnEncoding ? AnswerCoding.gzipped : AnswerCoding.gzippedVarying
        case .deflate: answer.variesOnEncoding ? AnswerCoding.deflated : AnswerCoding.deflatedVarying
        }
    }

    /// The field lines. `variesAlready`: the answer has a `Vary` that covers it.
    func lines(variesAlready: Bool) -> StaticString {
        switch self {
        case .none: ""
        case .varies: variesAlready ? "" : "Vary: Accept-Encoding\r\n"
        case .gzip:
            variesAlready
                ? "Content-Encoding: gzip\r\n" : "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
        case .deflate:
            variesAlready
                ? "Content-Encoding: deflate\r\n" : "Content-Encoding: deflate\r\nVary: Accept-Encoding\r\n"
        }
    }
}
