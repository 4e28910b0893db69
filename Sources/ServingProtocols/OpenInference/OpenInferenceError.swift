internal import ByteCoding
package import HTTPCore
package import InferenceAPI

/// Errors as the Open Inference Protocol tells them: a status and one text.
///
/// | | HTTP | gRPC |
/// |---|---|---|
/// | what cannot be read, or does not fit the model | 400 | `INVALID_ARGUMENT` |
/// | a model or a version that there is not | 404 | `NOT_FOUND` |
/// | too much for one request | 413 | `RESOURCE_EXHAUSTED` |
/// | no room, or no time before it could begin | 503 | `UNAVAILABLE` |
/// | its time was over while it waited | 503 | `DEADLINE_EXCEEDED` |
package enum OpenInferenceError {
    package static func status(_ error: InferenceError) -> HTTPStatus {
        switch error {
        // 422 has another meaning to clients of this protocol.
        case .malformed, .invalid: .badRequest
        default: ProblemDocument(error).status
        }
    }

    package static func code(_ error: InferenceError) -> GRPCStatusCode {
        switch error {
        case .malformed, .invalid: .invalidArgument
        case .unknownModel: .notFound
        case .tooLarge: .resourceExhausted
        case .overloaded, .late(.refused), .draining: .unavailable
        case .late(.expired): .deadlineExceeded
        }
    }

    package static func text(_ error: InferenceError) -> String {
        switch error {
        case .malformed(let problem), .invalid(let problem): problem.sentence
        default: text(ProblemDocument(error))
        }
    }

    /// The same of a refusal that is not of a prediction's body.
    package static func text(_ document: ProblemDocument) -> String {
        var text = document.detail
        if let expected = document.problem?.expected { text += "; expected \(expected)" }
        if let found = document.problem?.found { text += ", got \(found)" }
        if let nearest = document.problem?.nearest { text += "; the nearest is \"\(nearest)\"" }
        return text
    }

    /// `{"error":...}`.
    package static func body(_ text: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("error", text)
        writer.endDocument()
        return writer.take()
    }
}
