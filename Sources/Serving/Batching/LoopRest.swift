/// When a loop rests for the compute threads that have its requests.
///
/// They run while the loops do not. Behind a loop that is never idle a batch would stand still in its middle, where
/// nobody can go on with it: such a loop leaves about a fifth of its core until it goes on.
///
/// No clock and no thread: it is told what has run.
package struct LoopRest: Sendable {
    /// Nanoseconds of one rest.
    package static let nanoseconds: UInt64 = 1_000_000
    /// What takes less to come back needs no look.
    private static let settle: UInt64 = 1_000_000
    /// Nanoseconds of a judgement: a loop that is busy for less is not saturated.
    private static let firstSpan: UInt64 = 16_000_000
    /// Nanoseconds between two rests of one that is.
    private static let nextSpan: UInt64 = 3_000_000
    /// A loop that has run for less than this part of the time leaves enough.
    private static let loopMin = 0.75
    /// With this part of a core a batch gets on.
    private static let batchMin = 0.125

    private struct Start: Sendable {
        let time: UInt64
        let loop: UInt64
        let progress: ComputeProgress
    }

    /// Since when compute threads have had something of the loop.
    private var since: UInt64?
    private var start: Start?
    private var span = Self.firstSpan

    package init() {}

    /// Looked at once a turn while compute threads have requests of the loop.
    /// - Parameters:
    ///   - now: the time, in nanoseconds.
    ///   - loop: nanoseconds for which the loop's thread has run; read now and then.
    ///   - progress: how far the compute threads are; likewise.
    /// - Returns: whether the loop is to rest now.
    package mutating func isDue(
        at now: UInt64, loop: @autoclosure () -> UInt64, progress: @autoclosure () -> ComputeProgress
    ) -> Bool {
        let since = since ?? now
        self.since = since
        guard let start else {
            if now &- since >= Self.settle { start = Start(time: now, loop: loop(), progress: progress()) }
            return false
        }
        let elapsed = now &- start.time
        guard elapsed >= span else { return false }
        let end = Start(time: now, loop: loop(), progress: progress())
        let isDue =
            Double(end.loop &- start.loop) >= Double(elapsed) * Self.loopMin
            && end.progress.standsStill(since: start.progress, lessThan: Double(elapsed) * Self.batchMin)
        span = isDue ? Self.nextSpan : Self.firstSpan
        // What runs during the rest does not count.
        self.start = isDue ? nil : end
        return isDue
    }

    /// Compute threads have nothing of the loop any more.
    package mutating func forget() { self = LoopRest() }
}

/// How far compute threads are, as far as it shows whether they stand still.
package enum ComputeProgress: Sendable, Hashable {
    /// There is nothing to do, or nothing for those that yield to the loops.
    case unhindered
    /// Requests wait, though a worker has nothing to run; so many batches have been begun.
    case waiting(begun: UInt64)
    /// The one of those that yield that was begun first: its number, and nanoseconds for which its thread has run.
    case running(batch: UInt64, nanoseconds: UInt64)

    /// - Parameters:
    ///   - before: how far they were.
    ///   - nanoseconds: a batch that was run for less since has not got on.
    func standsStill(since before: ComputeProgress, lessThan nanoseconds: Double) -> Bool {
        switch (before, self) {
        case (.waiting(let before), .waiting(let now)): before == now
        case (.running(let before, let start), .running(let now, let end)):
            before == now && Double(end &- start) < nanoseconds
        default: false
        }
    }
}
