internal import Synchronization

/// Where the server is in its life; what `/health/ready` answers.
final class ServerState: Sendable {
    enum Phase: String, Sendable {
        case starting, ready, draining
    }

    private let phase = Atomic<UInt8>(0)
    private static let phases: [Phase] = [.starting, .ready, .draining]

    var current: Phase { Self.phases[Int(phase.load(ordering: .relaxed))] }

    /// Moves on; there is no way back.
    func advance(to next: Phase) {
        guard let index = Self.phases.firstIndex(of: next) else { return }
        phase.max(UInt8(index), ordering: .relaxed)
    }
}
