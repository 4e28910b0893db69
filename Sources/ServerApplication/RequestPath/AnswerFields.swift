internal import HTTPCore
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
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
    static let unsupported = problem.adding([("Accept", BodyType.accepted), ContentCoding.readable])
    static let busy = problem.adding([("Retry-After", "1")])
    static let unauthorized = problem.adding([("WWW-Authenticate", "Bearer")])

    /// Of a prediction: which model and version answered, and the generation of the store that serves.
    static func prediction(
        by model: ServedModel, generation: Int, as answer: NativeFormat.Answer
    ) -> ResponseFields {
        type(of: answer).adding(origin(model, generation: generation))
    }

    /// The same of any answer that a model's request gets, also of its errors.
    static func origin(_ model: ServedModel, generation: Int) -> [(name: String, value: String)] {
        [("Vencejo-Model", model.name), ("Vencejo-Version", "\(model.version)")] + Self.generation(generation)
    }

    private static func type(of answer: NativeFormat.Answer) -> ResponseFields {
        switch answer {
        case .json: json
        case .lines: ResponseFields([("Content-Type", "application/x-ndjson")] + common)
        case .jsonLines: ResponseFields([("Content-Type", "application/jsonl")] + common)
        case .table: ResponseFields([("Content-Type", "text/csv; charset=utf-8; header=present")] + common)
        }
    }

    /// The same of an answer with binary tensors.
    static func binary(like fields: ResponseFields) -> ResponseFields {
        withType("application/octet-stream", fields)
    }

    /// The same of an error of the Open Inference Protocol.
    static func json(like fields: ResponseFields) -> ResponseFields { withType("application/json", fields) }

    private static func withType(_ type: String, _ fields: ResponseFields) -> ResponseFields {
        ResponseFields(
            [("Content-Type", type)]
                + fields.fields.filter { $0.name != "Content-Type" }.map { ($0.name, $0.value) })
    }

    /// Of what tells of no one model: the generation of the store.
    static func generation(_ generation: Int) -> [(name: String, value: String)] {
        [("Vencejo-Generation", "\(generation)")]
    }

    /// Of a model's or a version's page.
    static func page(etag: String, _ origin: [(name: String, value: String)]) -> ResponseFields {
        json.adding([("ETag", etag)] + origin)
    }

    /// Of a page that the client has.
    static func unchanged(etag: String, _ origin: [(name: String, value: String)]) -> ResponseFields {
        none.adding([("ETag", etag)] + origin)
    }

    /// Of a model's file.
    static func file(etag: String, _ origin: [(name: String, value: String)]) -> ResponseFields {
        ResponseFields(
            [
                ("Content-Type", "application/octet-stream"), ("Content-Disposition", "attachment"), ("ETag", etag),
            ] + origin + common)
    }

    /// Of an answer to a request that was not predicted.
    /// - Parameter origin: of its model, where that is known.
    static func refusal(_ error: InferenceError, _ origin: [(name: String, value: String)] = []) -> ResponseFields {
        let fields = fields(for: error)
        return origin.isEmpty ? fields : fields.adding(origin)
    }

    private static func fields(for error: InferenceError) -> ResponseFields {
        switch error {
        case .overloaded(let seconds), .late(.refused(let seconds)): retry(after: seconds)
        case .late(.expired): busy
        default: problem
        }
    }

    /// Of an upload that no store keeps.
    static let endsHere: [(name: String, value: String)] = [("Vencejo-Stored", thisInstanceOnly)]
    static let thisInstanceOnly = "this instance only"

    /// Of a refusal that is only for now.
    static func retry(after seconds: Int) -> ResponseFields {
        problem.adding([("Retry-After", "\(seconds)")])
    }
}
