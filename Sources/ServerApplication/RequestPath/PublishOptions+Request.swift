internal import HTTPCore
internal import Serving
internal import ServingProtocols

/// A word of a request that says how to publish and cannot be read.
struct PublishOptionProblem: Error {
    let document: ProblemDocument
}

/// The answer to a precondition that is none.
enum ConditionProblem {
    static let document = ProblemDocument(
        .badRequest, title: "Not a precondition",
        detail: "If-Match and If-None-Match take \"*\" or quoted entity tags")
}

extension PublishPrecondition {
    /// `If-Match` and `If-None-Match`; nil where one of them is neither `*` nor a list of tags.
    static func read(from head: borrowing RequestHead) -> PublishPrecondition? {
        var ifMatch: ETagCondition?
        var ifNoneMatch: ETagCondition?
        if head.has(.ifMatch) {
            guard let condition = ETagCondition(fieldValue: head.texts(of: .ifMatch).joined(separator: ", ")) else {
                return nil
            }
            ifMatch = condition
        }
        if head.has(.ifNoneMatch) {
            guard let condition = ETagCondition(fieldValue: head.texts(of: .ifNoneMatch).joined(separator: ", "))
            else { return nil }
            ifNoneMatch = condition
        }
        return PublishPrecondition(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch)
    }
}

extension PublishOptions {
    /// The preconditions, and `dry_run=true` and `shadow=refuse|warn|off` of the query.
    static func read(from head: borrowing RequestHead) -> Result<PublishOptions, PublishOptionProblem> {
        guard let precondition = PublishPrecondition.read(from: head) else {
            return .failure(PublishOptionProblem(document: ConditionProblem.document))
        }
        var options = PublishOptions(precondition: precondition)
        options.progress = PublishProgress()
        switch head.queryValue("dry_run") {
        case nil, "false"?, "0"?: break
        case "true"?, "1"?, ""?: options.isDryRun = true
        case let text?: return .failure(problem("dry_run", text, "true or false"))
        }
        if let text = head.queryValue("shadow") {
            guard let action = ShadowPolicy.Action(rawValue: text) else {
                return .failure(
                    problem("shadow", text, ShadowPolicy.Action.allCases.map(\.rawValue).joined(separator: ", ")))
            }
            options.shadowAction = action
        }
        return .success(options)
    }

    private static func problem(_ name: String, _ found: String, _ expected: String) -> PublishOptionProblem {
        var document = ProblemDocument(
            .badRequest, title: "A parameter cannot be read", detail: "\(name) in the query takes \(expected)")
        document.members = [("expected", expected), ("got", String(found.prefix(64)))]
        return PublishOptionProblem(document: document)
    }
}
