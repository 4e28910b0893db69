package import ByteCoding
package import HTTPCore
package import InferenceAPI
package import TensorCore

/// Error bodies of the native protocol: RFC 9457 `application/problem+json` with the place, what was found and
/// expected, the nearest known name and an example that works.
package struct ProblemDocument: Sendable {
    package let status: HTTPStatus
    package let title: String
    package let detail: String
    package var problem: InferenceProblem?
    /// Names of the models there are, for a 404.
    package var knownModels: [String]?
    /// Further members, already known to be harmless.
    package var members: [(name: String, value: String)] = []
    /// The same, of numbers.
    package var numbers: [(name: String, value: Int)] = []
    /// How a version that was not published answered the rows of the one that serves.
    package var shadow: ModelStatus.Shadow?

    package init(_ status: HTTPStatus, title: String, detail: String) {
        self.status = status
        self.title = title
        self.detail = detail
    }

    package init(_ error: InferenceError) {
        switch error {
        case .malformed(let problem):
            self.init(.badRequest, title: "The request cannot be read", detail: problem.detail)
            self.problem = problem
        case .invalid(let problem):
            self.init(.unprocessableContent, title: "A value does not fit the model", detail: problem.detail)
            self.problem = problem
        case .unknownModel(let name, let known):
            let detail =
                name.map { "there is no model \"\(JSONPointer.shortened($0))\"" }
                ?? (known.isEmpty
                    ? "no model is served yet; PUT /models/{model} sends one"
                    : "there is no default model; name one, as in /models/{model}/predict")
            self.init(.notFound, title: "No such model", detail: detail)
            knownModels = known
            if let name {
                problem = InferenceProblem(pointer: "", detail: detail, nearest: NearestName.find(name, among: known))
            }
        case .tooLarge(let limit):
            self.init(
                .contentTooLarge, title: "The request is too large",
                detail: "one request may hold at most \(limit); send it in parts")
        case .overloaded(let seconds):
            self.init(
                .serviceUnavailable, title: "The server is busy",
                detail: "more rows wait than the bound allows; try again in \(seconds) s")
        case .late(.refused(let seconds)):
            // 504 is for gateways (RFC 9110 15.6.5): nothing has been computed, and another try may be in time.
            self.init(
                .serviceUnavailable, title: "There is no time for the request",
                detail: "more waits than can be predicted before the request's deadline; try again in \(seconds) s")
        case .late(.expired):
            self.init(
                .serviceUnavailable, title: "The request's time is over",
                detail: "its deadline passed while it waited, and nothing of it was computed")
        case .draining:
            self.init(.serviceUnavailable, title: "The server is stopping", detail: "another instance will answer")
        }
    }

    /// The document's bytes.
    package func bytes(signature: Signature? = nil) -> [UInt8] {
        var writer = JSONWriter()
        write(into: &writer, signature: signature)
        return writer.take()
    }

    /// Writes the document.
    /// - Parameter signature: the model that was meant, for the example.
    package func write(into writer: inout JSONWriter, signature: Signature? = nil) {
        writer.beginObject()
        writer.member("type", "about:blank")
        writer.member("title", title)
        writer.member("status", Int(status.rawValue))
        writer.member("detail", detail)
        if let problem { Self.write(problem, into: &writer) }
        for (name, value) in members { writer.member(name, value) }
        for (name, value) in numbers { writer.member(name, value) }
        if let knownModels { writer.member("models", knownModels) }
        if let shadow {
            writer.key("shadow")
            ModelPage.write(shadow, &writer)
        }
        if let signature {
            writer.key("example")
            ExampleRequest.write(signature, into: &writer)
        }
        writer.endDocument()
    }

    /// The members that tell the place, and what was found and expected there.
    static func write(_ problem: InferenceProblem, into writer: inout JSONWriter) {
        if !problem.pointer.isEmpty { writer.member("pointer", problem.pointer) }
        if let offset = problem.offset { writer.member("offset", offset) }
        switch problem.line {
        case .line(let number)?: writer.member("line", number)
        case .row(let number)?: writer.member("row", number)
        case nil: break
        }
        if let column = problem.column { writer.member("column", column) }
        if let expected = problem.expected { writer.member("expected", expected) }
        if let found = problem.found { writer.member("got", found) }
        if let nearest = problem.nearest { writer.member("nearest", nearest) }
    }
}
