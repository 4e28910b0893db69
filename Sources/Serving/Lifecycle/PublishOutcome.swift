/// How a publish ended, as `vencejo_publishes_total` counts it.
enum PublishOutcome: String, CaseIterable {
    case published
    case dryRun = "dry_run"
    case rejected
    case shadowRefused = "shadow_refused"
    case preconditionFailed = "precondition_failed"
    case conflict
    case limit
    case outOfMemory = "out_of_memory"
    case storeError = "store_error"
    case other
}

extension PublishError {
    var outcome: PublishOutcome {
        switch self {
        case .rejected: .rejected
        case .store: .storeError
        case .preconditionFailed: .preconditionFailed
        case .conflict: .conflict
        case .tooLarge, .tooManyModels, .tooManyAliases: .limit
        case .outOfMemory: .outOfMemory
        case .shadowRefused: .shadowRefused
        case .invalidName, .busy, .unknownModel, .unknownVersion, .unknownAlias, .numericAlias, .versionInUse,
            .notStored, .goneWithStart, .notFetched, .notLoaded, .fileNotKept, .alreadyThere, .nameless, .cancelled,
            .stopping:
            .other
        }
    }
}
