internal import HTTPCore
internal import InferenceAPI
internal import ModelIR
internal import Serving
internal import ServingProtocols

/// Maps the reasons of a failed publish or removal to the native protocol's answers: the one switch for them.
enum PublishProblem {
    static func answer(_ error: PublishError) -> (document: ProblemDocument, fields: ResponseFields) {
        switch error {
        case .invalidName(let name):
            var document = ProblemDocument(.badRequest, title: "Not a model name", detail: "the name breaks the rule")
            document.problem = InferenceProblem(
                pointer: "", detail: document.detail, expected: ModelName.rule, found: "\"\(name)\"")
            return (document, AnswerFields.problem)
        case .tooLarge(let bytesMax):
            return (tooLarge(bytesMax), AnswerFields.problem)
        case .tooManyModels(let modelsMax):
            return (
                ProblemDocument(
                    .insufficientStorage, title: "Too many models",
                    detail: "at most \(modelsMax) are served; delete one"),
                AnswerFields.problem
            )
        case .busy(let seconds):
            return (
                ProblemDocument(
                    .serviceUnavailable, title: "The server is busy",
                    detail: "too many uploads run at once; try again"),
                AnswerFields.retry(after: seconds)
            )
        case .preconditionFailed(let tag):
            let detail = tag.map { "the current version has the ETag \($0)" } ?? "there is no such model now"
            return (
                ProblemDocument(.preconditionFailed, title: "The precondition does not hold", detail: detail),
                tag.map { AnswerFields.problem.adding([("ETag", $0)]) } ?? AnswerFields.problem
            )
        case .rejected(let reason):
            var document = ProblemDocument(
                .unprocessableContent, title: "The model file cannot be served",
                detail: "\(reason); what was serving before still serves")
            document.problem = InferenceProblem(
                pointer: "", detail: document.detail, expected: reason.expected, found: reason.found)
            document.members = [("kind", reason.kind.rawValue), ("place", reason.place)]
            if let remedy = reason.remedy { document.members.append(("remedy", remedy)) }
            return (document, AnswerFields.problem)
        case .store(let reason):
            let status: HTTPStatus = reason.kind == .full ? .insufficientStorage : .serviceUnavailable
            return (
                ProblemDocument(
                    status, title: "The store failed", detail: "\(reason); what was serving before still serves"),
                // What the operator has to mend first is not worth another try.
                reason.kind == .io || reason.kind == .unreachable ? AnswerFields.retry(after: 5) : AnswerFields.problem
            )
        case .conflict:
            return (
                ProblemDocument(
                    .conflict, title: "Conflict", detail: "other writers kept changing the store; try again"),
                AnswerFields.problem
            )
        case .unknownModel(let name, let known):
            return (ProblemDocument(.unknownModel(name: name, known: known)), AnswerFields.problem)
        case .notFetched, .notLoaded:
            return (
                ProblemDocument(.serviceUnavailable, title: "The model is not loaded", detail: "\(error)"),
                AnswerFields.retry(after: 5)
            )
        case .unknownVersion(let name, let version, let known):
            var document = ProblemDocument(
                .notFound, title: "No such version", detail: "\(name) has no version \(version)")
            document.problem = InferenceProblem(
                pointer: "", detail: document.detail,
                expected: "one of \(known.map { "\($0)" }.joined(separator: ", "))",
                found: version)
            return (document, AnswerFields.problem)
        case .unknownAlias(let name, let alias, let known):
            var document = ProblemDocument(
                .notFound, title: "No such alias", detail: "\(name) has no alias \(alias)")
            document.problem = InferenceProblem(
                pointer: "", detail: document.detail,
                expected: known.isEmpty ? "a version; there are no aliases" : "one of \(known.joined(separator: ", "))",
                found: alias)
            return (document, AnswerFields.problem)
        case .numericAlias(let alias):
            var document = ProblemDocument(
                .badRequest, title: "Not an alias", detail: "an alias that is a number reads as a version")
            document.problem = InferenceProblem(
                pointer: "/aliases/\(alias)", detail: document.detail, expected: "a name that is not a number",
                found: alias)
            return (document, AnswerFields.problem)
        case .alreadyThere(let name):
            return (
                ProblemDocument(
                    .conflict, title: "There is such a model", detail: "\(error); PUT /models/\(name) replaces it"),
                AnswerFields.problem
            )
        case .nameless:
            return (
                ProblemDocument(
                    .unprocessableContent, title: "The model has no name",
                    detail: "\(error); use PUT /models/{model}, or name={model} in the query"),
                AnswerFields.problem
            )
        case .fileNotKept:
            return (
                ProblemDocument(.notFound, title: "The file is not kept", detail: "\(error)"), AnswerFields.problem
            )
        case .tooManyAliases, .notStored, .goneWithStart, .versionInUse:
            return (ProblemDocument(.conflict, title: "Conflict", detail: "\(error)"), AnswerFields.problem)
        case .shadowRefused(let report):
            var document = ProblemDocument(
                .conflict, title: "The model answers otherwise than the one that serves",
                detail:
                    "\(error); what was serving before still serves; shadow=off in the query publishes it all the same")
            document.shadow = ModelStatus.Shadow(report)
            return (document, AnswerFields.problem)
        case .outOfMemory(let shortage):
            var document = ProblemDocument(
                .insufficientStorage, title: "The model does not fit into memory",
                detail: "\(error) (VENCEJO_MEMORY_LIMIT); delete a model or raise the limit")
            document.numbers = [
                ("needed_bytes", shortage.needed), ("used_bytes", shortage.used), ("limit_bytes", shortage.limit),
            ]
            return (document, AnswerFields.problem)
        case .cancelled:
            return (
                ProblemDocument(
                    .badRequest, title: "The upload was cancelled", detail: "the body did not arrive whole"),
                AnswerFields.problem
            )
        case .stopping:
            return (ProblemDocument(.draining), AnswerFields.retry(after: 1))
        }
    }

    static func tooLarge(_ bytesMax: Int) -> ProblemDocument {
        ProblemDocument(
            .contentTooLarge, title: "The model file is too large",
            detail: "a model file may hold at most \(bytesMax) bytes (VENCEJO_MODEL_BYTES_MAX)")
    }
}
