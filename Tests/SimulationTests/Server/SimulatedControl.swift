import Serving

/// The control thread without a thread: jobs are steps of the simulation, one after the other. Where a job waits, the
/// loops go on within its step.
// Sendable as `World` is.
final class SimulatedControl: ControlQueue, @unchecked Sendable {
    private let world: World
    private let jobsMax: Int
    private var jobs: [(readyAt: Int64, run: @Sendable () -> Void)] = []
    private(set) var isRunning = false
    var isStopping = false
    /// Lets everybody else go on until then.
    var goOn: (_ until: Int64) -> Bool = { _ in false }
    /// When there was nothing to do, last.
    private var keptHouseAt: Int64 = 0

    init(_ world: World) {
        self.world = world
        jobsMax = world.dice.pick([1, 4, 256])
    }

    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        guard !isStopping, jobs.count < jobsMax else { return false }
        jobs.append((world.now + world.dice.nanoseconds(0...5 * World.millisecond), job))
        return true
    }

    /// When the next job may begin.
    var nextTime: Int64? { isRunning ? nil : jobs.first?.readyAt }

    var waitingCount: Int { jobs.count }

    func runFirst() {
        let job = jobs.removeFirst()
        isRunning = true
        job.run()
        isRunning = false
    }

    /// Waits, as a thread does: the others go on.
    /// - Returns: whether the condition holds.
    func wait(until end: Int64, _ condition: () -> Bool) -> Bool {
        while !condition() {
            guard world.now < end else { return false }
            guard isRunning, goOn(end) else {
                // Before the loops run, and after they have ended, nobody else changes anything.
                world.now = max(world.now, end)
                return condition()
            }
        }
        return true
    }

    func pause(_ duration: Int64) {
        guard isRunning else { return }
        _ = wait(until: world.now + duration) { false }
    }
}

/// What the publisher waits on.
// Sendable as `World` is.
final class SimulatedSignal: ChangeSignal, @unchecked Sendable {
    private let world: World
    private let control: SimulatedControl

    init(_ world: World, _ control: SimulatedControl) {
        self.world = world
        self.control = control
    }

    func notify() {}

    func wait(for timeout: Duration, until condition: () -> Bool) -> Bool {
        let (seconds, attoseconds) = timeout.components
        return control.wait(until: world.now + seconds * World.second + attoseconds / 1_000_000_000, condition)
    }
}
