internal import HTTPCore
internal import Serving
internal import Telemetry

/// The header fields of our answers, made once.
enum AnswerFields {
    /// Of every answer: nothing is to be sniffed or kept.
    private static let common: [(name: String, value: String)] = [
        ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"),
    ]

    static let json = ResponseFields([("Content-Type", "application/json")] + common)
    static let problem = ResponseFields([("Content-Type", "application/problem+json")] + common)
    static let metrics = ResponseFields([("Content-Type", MetricsRegistry.contentType)] + common)
    static let none = ResponseFields(common)
    /// RFC 9110 15.5.16: a 415 tells what would be taken.
    static let unsupported = problem.adding([("Accept", "application/json"), ContentCoding.readable])
    static let busy = problem.adding([("Retry-After", "1")])
    static let unauthorized = problem.adding([("WWW-Authenticate", "Bearer")])

    /// Of a prediction: which model, version and generation answered.
    static func prediction(by model: ServedModel) -> ResponseFields {
        json.adding([
            ("Vencejo-Model", model.name), ("Vencejo-Version", "\(model.version)"),
            ("Vencejo-Generation", "\(model.generation)"),
        ])
    }

    /// Of a model's page.
    static func page(of model: ServedModel) -> ResponseFields {
        json.adding([("ETag", model.etag)])
    }

    /// Of an upload that no store keeps.
    static let endsHere: [(name: String, value: String)] = [("Vencejo-Stored", "this instance only")]

    /// Of a refusal that is only for now.
    static func retry(after seconds: Int) -> ResponseFields {
        problem.adding([("Retry-After", "\(seconds)")])
    }
}
