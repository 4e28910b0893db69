import EventLoop

/// The time, the dice and the agenda of one simulation: what every part of it shares. One thread runs everything.
// Sendable only because the server's protocols ask for it: no second thread ever sees it.
final class World: @unchecked Sendable {
    static let millisecond: Int64 = 1_000_000
    static let second: Int64 = 1_000_000_000

    let seed: UInt64
    var dice: Dice
    /// Nanoseconds.
    var now: Int64 = 1000 * World.second
    /// Grows with everything that happens: the order of events at equal times.
    var step = 0
    var trace: Trace
    var agenda = Agenda()
    private(set) var failures: [String] = []
    /// The parts have been taken apart: what still happens does not matter.
    var isOver = false

    init(seed: UInt64, linesKept: Int) {
        self.seed = seed
        trace = Trace(linesKept: linesKept)
        dice = Dice(seed: seed)
    }

    func after(_ delay: Int64, _ action: @escaping () -> Void) {
        agenda.add(at: now + max(0, delay), action)
    }

    func note(_ words: @autoclosure () -> String, _ numbers: Int...) {
        let first = numbers.first ?? 0
        let second = numbers.count > 1 ? numbers[1] : 0
        trace.add(now, words(), first, second)
    }

    /// Something is wrong with the server.
    func fail(_ text: String) {
        guard failures.count < 20 else { return }
        trace.add(now, "FAILED: \(text)")
        failures.append("at \(Trace.seconds(now)) s: \(text)")
    }
}

/// The loops' clock: the simulation's time.
struct SimulatedClock: LoopClock {
    let world: World

    func now() -> LoopInstant { LoopInstant(nanoseconds: world.now) }

    func unixSeconds() -> Int64 { 1_750_000_000 + world.now / World.second }
}
