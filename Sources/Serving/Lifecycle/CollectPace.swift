/// When the store is collected next: after the pauses that it asks for, and so that collecting takes a tenth of the
/// time at most, and half of it as long as something is left. Times are of a clock that is never set.
struct CollectPace: Sendable {
    private static let restShare: UInt64 = 10

    private let pause: UInt64
    /// nil: never.
    private var next: UInt64?

    init(_ pauses: CollectPauses?, now: UInt64) {
        pause = pauses.map { Self.nanoseconds($0.next) } ?? 0
        next = pauses.map { now &+ Self.nanoseconds($0.first) }
    }

    func isDue(at now: UInt64) -> Bool { next.map { now >= $0 } ?? false }

    /// - Parameters:
    ///   - nanoseconds: how long it took.
    ///   - isOver: whether nothing is left to do; the rest may follow sooner.
    mutating func ended(at now: UInt64, nanoseconds: UInt64, isOver: Bool) {
        next = now &+ (isOver ? max(pause, nanoseconds &* Self.restShare) : nanoseconds)
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 { UInt64(max(0, duration.wholeNanoseconds)) }
}
