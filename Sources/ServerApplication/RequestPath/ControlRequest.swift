internal import ByteCoding
internal import HTTPCore
internal import InferenceAPI
internal import Serving
internal import ServingProtocols

/// A request that the control thread answers, since it waits for a disk or for loops.
struct ControlRequest: Sendable {
    enum Action: Sendable, Hashable {
        case remove
        case removeVersion(Int)
        case change
    }

    struct Answer {
        let status: HTTPStatus
        let fields: ResponseFields
        let body: [UInt8]
    }

    let route: RequestRoute
    let name: String
    let precondition: PublishPrecondition
    let action: Action

    enum Outcome {
        case answered(Answer)
        /// Nothing has been done: it needs files of a store far away, and is to be performed again with them.
        case lacks([StoredModel.Version])
    }

    /// Does it. On the control thread.
    /// - Parameters:
    ///   - change: what the body of a PATCH asks for.
    ///   - files: what has been fetched for it.
    func perform(_ change: ModelChange?, _ registry: ModelRegistry, _ files: ModelFiles) -> Outcome {
        do throws(PublishError) {
            switch action {
            case .remove:
                return Self.gone(try registry.remove(name, precondition: precondition))
            case .removeVersion(let number):
                return Self.gone(try registry.removeVersion(number, of: name, precondition: precondition))
            case .change:
                guard let change else { preconditionFailure("a PATCH has a body") }
                let entry = try registry.change(name, change, precondition: precondition, files)
                var writer = JSONWriter()
                ModelPage.write(
                    ModelStatus(entry, isDefault: registry.pool.defaultModel === entry.current), into: &writer)
                let origin = AnswerFields.origin(entry.current, generation: registry.pool.generation(of: name))
                let fields = AnswerFields.page(etag: entry.etag, origin)
                return .answered(Answer(status: .ok, fields: fields, body: writer.take()))
            }
        } catch {
            if case .notFetched(let versions) = error { return .lacks(versions) }
            registry.tellStoreFailure(error)
            let (document, fields) = PublishProblem.answer(error)
            return .answered(Answer(status: document.status, fields: fields, body: document.bytes()))
        }
    }

    private static func gone(_ report: RemovalReport) -> Outcome {
        let fields = AnswerFields.none.adding(AnswerFields.generation(report.generation))
        return .answered(Answer(status: .noContent, fields: fields, body: []))
    }
}
