/// At which of two priorities a compute worker runs.
///
/// It yields to the loops as far as that goes, so that light models are answered beside heavy ones on the same core.
/// Beside other processes that would be giving up: where they take the cores that were granted, or next to nothing is
/// left by anybody, it goes on with a fair share, for a second at first and twice as long each time that it is so
/// again.
///
/// No clock and no thread: it is told what has been run.
package struct ComputePriority: Sendable {
    package enum Level: Sendable {
        /// After the loops.
        case yielding
        /// Beside other processes.
        case firm
    }

    /// The judgement is of so many nanoseconds at least: a pause of the machine below is nobody who takes a core.
    private static let windowMin: UInt64 = 250_000_000
    /// Who runs for less than this part of the time in which it has work waits for somebody.
    private static let runningMin = 1.0 / 3
    /// For the process's own threads, as long as they have this part of the grant.
    private static let ownShareMin = 0.7
    /// Who runs for less than this part is in nobody's way: also the loops leave as much.
    private static let floor = 0.05
    private static let firmMin: UInt64 = 1_000_000_000
    private static let firmMax: UInt64 = 64_000_000_000

    private struct Window: Sendable {
        let begin: UInt64
        /// Of the process at its beginning.
        let process: UInt64
        var busy: UInt64 = 0
        var work: UInt64 = 0
    }

    package private(set) var level = Level.yielding
    private let cores: Double
    private var window: Window?
    /// When it yields again.
    private var end: UInt64 = 0
    private var firmNext = Self.firmMin

    /// - Parameter cores: what the process is granted.
    package init(cores: Double) { self.cores = cores }

    /// A batch is about to be run.
    /// - Parameters:
    ///   - now: the time, in nanoseconds.
    ///   - process: nanoseconds for which all threads of the process have run; read now and then.
    package mutating func begin(at now: UInt64, process: @autoclosure () -> UInt64) {
        if window == nil { window = Window(begin: now, process: process()) }
    }

    /// The batch has been run.
    /// - Parameters:
    ///   - elapsed: nanoseconds from its beginning to now.
    ///   - work: nanoseconds for which its thread ran.
    ///   - now: as in `begin`.
    ///   - process: as in `begin`.
    package mutating func end(
        elapsed: UInt64, work: UInt64, at now: UInt64, process: @autoclosure () -> UInt64
    ) {
        guard var seen = window else { preconditionFailure("a batch ends that has not begun") }
        seen.busy &+= elapsed
        seen.work &+= work
        window = seen
        let span = now &- seen.begin
        guard span >= Self.windowMin else { return }
        window = nil
        // For most of it nothing was to be run: it tells nothing.
        guard seen.busy > span / 2 else { return yieldAgain(at: now) }
        let own = Double(process() &- seen.process) / (Double(span) * cores)
        let running = Double(seen.work) / Double(seen.busy)
        let yieldsTooMuch = running < Self.floor || (running < Self.runningMin && own < Self.ownShareMin)
        switch (level, yieldsTooMuch) {
        case (.yielding, true):
            level = .firm
            end = now &+ firmNext
            firmNext = min(firmNext * 2, Self.firmMax)
        case (.yielding, false): firmNext = Self.firmMin
        case (.firm, _): yieldAgain(at: now)
        }
    }

    private mutating func yieldAgain(at now: UInt64) {
        if level == .firm, now >= end { level = .yielding }
    }
}
