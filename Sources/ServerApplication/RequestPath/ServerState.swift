internal import Synchronization

/// Where the server is in its life; what `/health/ready` answers.
final class ServerState: Sendable {
    enum Phase: String, Sendable {
        case starting, ready, draining
        /// It serves, but not what the store has, and is to be asked last.
        case lagging
    }

    private let phase = Atomic<UInt8>(0)
    private let lags = Atomic<Bool>(false)
    private let listeners = Mutex<[@Sendable () -> Void]>([])
    private static let phases: [Phase] = [.starting, .ready, .draining]

    var current: Phase {
        let phase = Self.phases[Int(phase.load(ordering: .relaxed))]
        return phase == .ready && lags.load(ordering: .relaxed) ? .lagging : phase
    }

    /// Whether its start is over, and its end has not begun.
    var isServing: Bool { current == .ready || current == .lagging }

    /// Whether it is to count as not ready, as long as it does not serve what the store has.
    func setLagging(_ isLagging: Bool) {
        guard lags.exchange(isLagging, ordering: .relaxed) != isLagging else { return }
        tell()
    }

    /// Moves on; there is no way back. Whoever listens is told.
    func advance(to next: Phase) {
        guard let index = Self.phases.firstIndex(of: next) else { return }
        phase.max(UInt8(index), ordering: .relaxed)
        tell()
    }

    private func tell() {
        for listener in listeners.withLock({ $0 }) { listener() }
    }

    /// Calls `listener` after each advance, on the thread that advances: to wake a loop that has to tell of it.
    func listen(_ listener: @escaping @Sendable () -> Void) {
        listeners.withLock { $0.append(listener) }
    }
}
