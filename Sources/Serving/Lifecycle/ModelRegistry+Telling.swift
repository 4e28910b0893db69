internal import Telemetry

extension ModelRegistry {
    /// Counts and logs a publish that failed, wherever it did: for the operator, who sees no client's answer.
    /// - Parameter name: nil where the bundle would have said it.
    func tell(_ error: PublishError, of name: String?) {
        metrics.count(error.outcome)
        // What a refused import has allocated is free now, and may be much.
        switch error {
        case .rejected, .shadowRefused, .outOfMemory: releaseMemory(.inAPause)
        default: break
        }
        log.warning("not published", LogField("model", .text(name ?? "")), LogField("reason", .text("\(error)")))
        tellStoreFailure(error)
    }

    /// Logs where the store has failed, if that is the reason of a refusal. Any thread.
    package func tellStoreFailure(_ error: PublishError) {
        guard case .store(let failure) = error else { return }
        log.log(.error, "\(failure)", failure.path.map { [LogField("path", .text($0))] } ?? [])
    }
}
