internal import HTTPCore
internal import ServingProtocols

/// What a request's method and path lead to.
struct RouteMatch {
    enum Outcome {
        case route(RequestRoute)
        case refused(ProblemDocument, ResponseFields)
    }

    let outcome: Outcome
    /// Where `{model}` stands in the path.
    fileprivate(set) var nameRange = 0..<0

    @_lifetime(borrow head)
    func modelName(in head: borrowing RequestHead) -> Span<UInt8> { head.path.extracting(nameRange) }

    func modelText(in head: borrowing RequestHead) -> String {
        let bytes = modelName(in: head)
        return String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
    }
}

/// Temporary matcher until the router of HTTPCore lands.
struct RouteTable: Sendable {
    func match(_ head: borrowing RequestHead) -> RouteMatch {
        let text = String(decoding: (0..<head.path.count).map { head.path[$0] }, as: UTF8.self)
        let parts = text.split(separator: "/")
        var match = RouteMatch(outcome: .refused(ProblemDocument(.notFound, title: "No such route", detail: ""), AnswerFields.problem))
        switch (head.method, parts.count) {
        case (.post, 1) where parts[0] == "predict": match = RouteMatch(outcome: .route(.predict))
        case (.post, 3) where parts[0] == "models" && parts[2] == "predict": match = RouteMatch(outcome: .route(.modelPredict))
        case (.get, 1) where parts[0] == "models": match = RouteMatch(outcome: .route(.listModels))
        case (.get, 1) where parts[0] == "metrics": match = RouteMatch(outcome: .route(.metrics))
        case (.get, 0): match = RouteMatch(outcome: .route(.root))
        case (.get, 2) where parts[0] == "health": match = RouteMatch(outcome: .route(parts[1] == "live" ? .live : .ready))
        case (.get, 2): match = RouteMatch(outcome: .route(.getModel))
        case (.put, 2): match = RouteMatch(outcome: .route(.putModel))
        case (.delete, 2): match = RouteMatch(outcome: .route(.deleteModel))
        default: break
        }
        if parts.count > 1 { match.nameRange = 8..<8 + parts[1].utf8.count }
        return match
    }
}
