package import ModelIR

/// Why a model was not published or not removed. What was serving before still serves. Nothing in it names a path.
package enum PublishError: Error, Sendable, Hashable {
    /// The name breaks `ModelName.rule`.
    case invalidName(String)
    case tooLarge(bytesMax: Int)
    case tooManyModels(modelsMax: Int)
    /// So many uploads run at once that this one has to come back later.
    case busy(retryAfterSeconds: Int)
    /// `If-Match` or `If-None-Match` does not hold; the ETag of what serves now, nil if nothing does.
    case preconditionFailed(currentETag: String?)
    /// The bytes are not a model that can be served; place, found and expected.
    case rejected(ImportError)
    /// The store failed: disk full, read-only, ...
    case store(StoreError)
    /// Other writers committed to the store again and again in between.
    case conflict
    case unknownModel(name: String, known: [String])
    /// The client has left before the import began.
    case cancelled
    /// The server is stopping.
    case stopping
}

extension PublishError: CustomStringConvertible {
    /// One sentence, fit for a client.
    package var description: String {
        switch self {
        case .invalidName(let name):
            "\"\(name)\" is not a model name; names match \(ModelName.rule)"
        case .tooLarge(let bytesMax): "the model is larger than the \(bytesMax) bytes that are allowed"
        case .tooManyModels(let modelsMax): "\(modelsMax) models serve already, which is the bound"
        case .busy: "too many uploads run at once"
        case .preconditionFailed(let current?): "the model has changed; its ETag is \(current)"
        case .preconditionFailed(nil): "there is no such model yet"
        case .rejected(let reason): reason.description
        case .store(let reason): reason.description
        case .conflict: "other writers changed the model store again and again in between"
        case .unknownModel(let name, let known):
            "there is no model \"\(name)\"; there are \(known.isEmpty ? "none" : known.joined(separator: ", "))"
        case .cancelled: "the client left before the model was complete"
        case .stopping: "the server is stopping"
        }
    }
}
