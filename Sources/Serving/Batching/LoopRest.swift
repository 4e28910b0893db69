/// When a loop rests for the compute threads that have its requests.
///
/// They run while the loops do not. Behind a loop that is never idle a batch would stand still in its middle, where
/// nobody can go on with it: so such a loop leaves a fifth of its core, as long as they get next to nothing otherwise.
///
/// No clock and no thread: it is told what has run.
package struct LoopRest: Sendable {
    /// Nanoseconds of one rest.
    package static let nanoseconds: UInt64 = 1_000_000
    /// Nanoseconds of a judgement: a loop that is busy for less is not saturated.
    private static let firstSpan: UInt64 = 16_000_000
    /// Nanoseconds between two rests of one that is.
    private static let nextSpan: UInt64 = 3_000_000
    /// A loop that has run for less than this part of the time leaves enough.
    private static let loopMin = 0.75
    /// With this part of a core compute threads get on.
    private static let computeMin = 0.125

    private struct Start: Sendable {
        let time: UInt64
        let loop: UInt64
        let compute: UInt64
    }

    private var start: Start?
    private var span = Self.firstSpan

    package init() {}

    /// Looked at once a tick while compute threads have requests of the loop.
    /// - Parameters:
    ///   - now: the time, in nanoseconds.
    ///   - loop: nanoseconds for which the loop's thread has run; read now and then.
    ///   - compute: nanoseconds for which the compute threads have run, all together; likewise.
    /// - Returns: whether the loop is to rest now.
    package mutating func isDue(
        at now: UInt64, loop: @autoclosure () -> UInt64, compute: @autoclosure () -> UInt64
    ) -> Bool {
        guard let start else {
            self.start = Start(time: now, loop: loop(), compute: compute())
            return false
        }
        let elapsed = now &- start.time
        guard elapsed >= span else { return false }
        let seen = (loop: loop(), compute: compute())
        let isDue =
            Double(seen.loop &- start.loop) >= Double(elapsed) * Self.loopMin
            && Double(seen.compute &- start.compute) < Double(elapsed) * Self.computeMin
        span = isDue ? Self.nextSpan : Self.firstSpan
        // What runs during the rest does not count.
        self.start = isDue ? nil : Start(time: now, loop: seen.loop, compute: seen.compute)
        return isDue
    }

    /// Compute threads have nothing of the loop any more.
    package mutating func forget() { start = nil }
}
