internal import Synchronization

/// The files that come from a store far away because the registry misses them: some at a time, each by a thread that
/// may wait, so that one which hangs keeps its own place and no other. What has come waits for whoever has it loaded.
package final class FileFetches: Sendable {
    private struct State: Sendable {
        /// What is on its way, with the bytes that are counted of it.
        var underWay: [ContentDigest: Int] = [:]
        var arrived = ModelFiles.none
        /// Of those that are on their way and of those that have come, but for `extra`.
        var bytes = 0
        var arrivedBytes = 0
        /// The one that was more than there was room for, until it is taken.
        var extra: StoredModel.Version?
    }

    private let registry: ModelRegistry
    private let threads: any ControlQueue
    private let onArrival: @Sendable () -> Void
    private let state = Mutex(State())

    /// Files that are on their way at once.
    package static let filesMax = 4

    /// - Parameters:
    ///   - threads: may wait.
    ///   - onArrival: there is something to `take`; called on one of them.
    package init(
        _ registry: ModelRegistry, threads: any ControlQueue, onArrival: @escaping @Sendable () -> Void
    ) {
        self.registry = registry
        self.threads = threads
        self.onArrival = onArrival
    }

    /// Sends for what is missing, as much as there is room for.
    /// - Returns: whether anything is on its way, or has come and was not taken.
    @discardableResult
    package func goOn() -> Bool {
        for version in registry.missing() {
            guard reserve(version) else { continue }
            if !threads.submit({ self.fetch(version) }) {
                arrived(nil, of: version)
                break
            }
        }
        return state.withLock { !$0.underWay.isEmpty || !$0.arrived.isEmpty }
    }

    /// What has come since the last call; nil where nothing has.
    package func take() -> ModelFiles? {
        state.withLock { state in
            guard !state.arrived.isEmpty else { return nil }
            state.bytes -= state.arrivedBytes
            state.arrivedBytes = 0
            if let extra = state.extra, state.arrived.has(extra) { state.extra = nil }
            defer { state.arrived = .none }
            return state.arrived
        }
    }

    /// - Returns: whether it is to be fetched: it is not under way, and there is room for it.
    private func reserve(_ version: StoredModel.Version) -> Bool {
        let bytesMax = registry.limits.fetchedBytesMax
        return state.withLock { state in
            guard state.underWay[version.digest] == nil, !state.arrived.has(version),
                state.underWay.count < Self.filesMax
            else { return false }
            let fits = version.byteCount <= bytesMax - state.bytes
            guard fits || state.extra == nil else { return false }
            if !fits { state.extra = version }
            let counted = fits ? version.byteCount : 0
            state.underWay[version.digest] = counted
            state.bytes += counted
            return true
        }
    }

    private func fetch(_ version: StoredModel.Version) {
        arrived(registry.file(of: version), of: version)
        onArrival()
    }

    /// - Parameter outcome: nil where nobody has gone for it.
    private func arrived(_ outcome: ModelFiles.Outcome?, of version: StoredModel.Version) {
        state.withLock { state in
            guard let bytes = state.underWay.removeValue(forKey: version.digest) else { return }
            if let outcome {
                state.arrived.add(outcome, of: version)
                state.arrivedBytes += bytes
            } else {
                state.bytes -= bytes
                if state.extra == version { state.extra = nil }
            }
        }
    }
}
