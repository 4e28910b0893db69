package import ModelIR

/// What a model would need, and what there is, in bytes.
package struct MemoryShortage: Sendable, Hashable {
    package let needed: Int
    /// Held by the models that serve, and by those that requests have not let go of.
    package let used: Int
    package let limit: Int

    /// What there is for one more.
    var room: Int { limit - used }
}

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
    /// Versions that the operation needs and that are still in a store far away: it is done again when they are here.
    case notFetched([StoredModel.Version])
    /// The store has the model, and this server could not load it.
    case notLoaded(name: String, version: Int, reason: String)
    /// There is a model of that name, and a new one was wanted.
    case alreadyThere(name: String)
    /// Neither the request nor the bundle says what the model is called.
    case nameless
    /// A version that is not kept.
    case unknownVersion(name: String, version: String, known: [Int])
    case unknownAlias(name: String, alias: String, known: [String])
    /// An alias that would read as the number of a version.
    case numericAlias(String)
    case tooManyAliases(aliasesMax: Int)
    /// The version's file is not in the store; a server without one keeps none.
    case fileNotKept
    /// The version is the current one, or has aliases, and so cannot be removed.
    case versionInUse(version: Int)
    /// The model was named at the start and is not in the store: it has no versions to choose from.
    case notStored(name: String)
    /// What was before the versions that the store has came from the command line, and is in no store.
    case goneWithStart(name: String, known: [Int])
    /// It answers recent rows otherwise than the version that serves, beyond what the model's policy allows.
    case shadowRefused(ShadowReport)
    /// It does not fit into the memory that models may have.
    case outOfMemory(MemoryShortage)
    /// The client has left before the import began.
    case cancelled
    /// The server is stopping.
    case stopping
}

extension PublishError {
    /// Whether it tells of the models that there are, which other writers may change.
    var isOfModels: Bool {
        switch self {
        case .preconditionFailed, .alreadyThere, .unknownModel, .unknownVersion, .unknownAlias, .versionInUse,
            .tooManyAliases, .notStored, .goneWithStart:
            true
        default: false
        }
    }
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
        case .notFetched(let versions):
            "version \(versions.map { String($0.number) }.joined(separator: ", ")) has not come from the store yet"
        case .notLoaded(let name, let version, let reason):
            "the store has \(name), and this instance could not load its version \(version): \(reason)"
        case .alreadyThere(let name): "there is a model \"\(name)\" already"
        case .nameless: "neither the request nor the bundle says what the model is called"
        case .unknownVersion(let name, let version, let known):
            "\(name) has no version \(version); it has \(known.map { String($0) }.joined(separator: ", "))"
        case .unknownAlias(let name, let alias, let known):
            "\(name) has no alias \(alias); it has \(known.isEmpty ? "none" : known.joined(separator: ", "))"
        case .numericAlias(let alias): "an alias that is a number, as \(alias), would read as a version"
        case .tooManyAliases(let aliasesMax): "a model has at most \(aliasesMax) aliases"
        case .fileNotKept: "the model's file is not in the store; a server without --store keeps none"
        case .versionInUse(let version): "version \(version) is the current one or has an alias"
        case .notStored(let name): "\(name) was named at the start and is not in the store; PUT it to have versions"
        case .goneWithStart(let name, let known):
            "before \(known.first.map { String($0) } ?? "it") \(name) was a file of the command line, which the store "
                + "does not have: nothing goes back to it; PUT the file to have it as a version"
        case .shadowRefused(let report):
            "it answers otherwise than version \(report.version): \(report.broken.joined(separator: "; "))"
        case .outOfMemory(let shortage):
            "it needs \(shortage.needed) bytes of memory; models hold \(shortage.used) of \(shortage.limit)"
        case .cancelled: "the client left before the model was complete"
        case .stopping: "the server is stopping"
        }
    }
}
