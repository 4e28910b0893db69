/// When a follower looks at its store next: after the interval, spread by a tenth so that replicas do not ask together;
/// after failures after twice as long each time, up to a bound.
package struct FollowPace: Sendable {
    package static let waitMax = Duration.seconds(10)

    private let interval: Duration
    private var failures = 0

    package init(interval: Duration) {
        self.interval = interval
    }

    /// - Parameters:
    ///   - isWell: whether the last look saw the store.
    ///   - random: from 0 to 1.
    /// - Returns: how long to wait before the next look.
    package mutating func next(isWell: Bool, random: Double) -> Duration {
        failures = isWell ? 0 : min(failures + 1, 16)
        let doubled = failures == 0 ? interval : min(interval * (1 << (failures - 1)), max(interval, Self.waitMax))
        return doubled * (0.9 + 0.2 * random)
    }

    /// So long after a look it counts as old: the thread that looks was not let run, as where a cloud gives time to
    /// requests alone.
    package var staleAfter: Duration { interval * 2 + .seconds(1) }
}
