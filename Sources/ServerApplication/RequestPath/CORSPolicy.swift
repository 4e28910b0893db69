internal import HTTPCore

/// Cross-origin resource sharing as it is configured (the Fetch standard, "CORS protocol"). Credentials in the sense of
/// that standard, such as cookies, are never allowed: a page that may predict holds a token and sends it itself.
struct CORSPolicy: Sendable {
    private let origins: CORSOrigins
    /// One for each origin, made once.
    private let grants: [CORSGrant]

    /// nil where no origin is allowed: then nothing is looked at.
    init?(_ origins: CORSOrigins) {
        guard !origins.isEmpty else { return nil }
        self.origins = origins
        grants = origins.texts.enumerated().map { CORSGrant(place: $0, origin: $1) }
    }

    /// What the answer to this request has to say; nil for a request that is from no page, or from none that may.
    func grant(for head: borrowing RequestHead) -> CORSGrant? {
        guard let origin = head.value(of: .origin), let place = origins.place(of: origin) else { return nil }
        return grants[place]
    }

    /// Fields that a page may send: those that this server reads.
    private static let requestFields = [
        "Accept", "Authorization", "Content-Encoding", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
        "Inference-Header-Content-Length", "Inference-Timeout", "Prefer", "Traceparent", "Tracestate",
        "X-Min-Generation", "X-Request-ID", "X-Request-Priority", "X-Request-Timeout-Ms",
    ].joined(separator: ", ")

    /// How long a browser may keep the answer to a preflight: a change of the configuration shows after that.
    private static let maxAgeSeconds = 600

    /// What a preflight is told beside the grant; empty where the head is no preflight.
    /// - Parameter methods: those of the route, as in `Allow`.
    static func preflight(_ head: borrowing RequestHead, methods: String) -> [(name: String, value: String)] {
        guard head.method == .options, head.text(named: "access-control-request-method") != nil else { return [] }
        return [
            ("Access-Control-Allow-Methods", methods), ("Access-Control-Allow-Headers", requestFields),
            ("Access-Control-Max-Age", "\(maxAgeSeconds)"),
            ("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers"),
        ]
    }
}

/// What the answers to one origin's pages say.
final class CORSGrant: Sendable {
    /// The origin's number in its policy.
    let place: Int
    private let pairs: [(name: String, value: String)]

    /// Fields of answers that a page may read.
    private static let answerFields = [
        "Allow", "ETag", "Inference-Header-Content-Length", "Location", "Preference-Applied", "Retry-After",
        "Vencejo-Generation", "Vencejo-Model",
        "Vencejo-Stored", "Vencejo-Version", "WWW-Authenticate",
    ].joined(separator: ", ")

    init(place: Int, origin: String) {
        self.place = place
        var pairs: [(name: String, value: String)] = [("Access-Control-Allow-Origin", origin)]
        // With "*" every origin is answered the same.
        if origin != "*" { pairs.append(("Vary", "Origin")) }
        pairs.append(("Access-Control-Expose-Headers", Self.answerFields))
        self.pairs = pairs
    }

    /// The fields of an answer with those of the grant.
    func adding(to fields: ResponseFields) -> ResponseFields { fields.adding(pairs) }
}

/// One loop's answers' fields with a grant's in them: made once for each block of fields and origin, not for each
/// answer.
struct CORSFieldCache {
    private struct Key: Hashable {
        let fields: ObjectIdentifier
        let grant: ObjectIdentifier
    }

    private static let countMax = 256
    /// The block and the grant that a key is of are kept along, so that their addresses are nobody else's.
    private var made: [Key: (of: ResponseFields, grant: CORSGrant, with: ResponseFields)] = [:]

    /// The fields with the grant's.
    mutating func fields(_ fields: ResponseFields, _ grant: CORSGrant) -> ResponseFields {
        let key = Key(fields: ObjectIdentifier(fields), grant: ObjectIdentifier(grant))
        if let known = made[key] { return known.with }
        if made.count >= Self.countMax { made.removeAll(keepingCapacity: true) }
        let with = grant.adding(to: fields)
        made[key] = (fields, grant, with)
        return with
    }

    /// Forgets all: the models or the policy are others now.
    mutating func removeAll() { made.removeAll() }
}
