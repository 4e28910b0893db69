import Glibc
import Testing

/// The whole server over a simulated system, many times: see `Simulation`.
///
///     VENCEJO_SIMULATION_SEED=7 swift test --filter SimulationTests      # once more what has failed
///     VENCEJO_SIMULATION_SECONDS=600 swift test --filter SimulationTests # as many random seeds as fit
@Suite(.serialized) struct SimulationTests {
    /// What is always run: enough that each manner of client meets each failure.
    private static let fixedSeeds: [UInt64] = Array(1...40)
    /// And then some that nobody has seen.
    private static let randomCount = 10

    @Test func holdsItsPromisesInEverySchedule() throws {
        if let text = Self.setting("VENCEJO_SIMULATION_SEED"), let seed = UInt64(text) {
            try Self.run(seed, showsTrace: true)
            return
        }
        var count = 0
        var answers = 0
        let seconds = Self.setting("VENCEJO_SIMULATION_SECONDS").flatMap { Int($0) }
        let start = time(nil)
        for seed in Self.fixedSeeds {
            answers += try Self.run(seed)
            count += 1
        }
        var generator = SystemRandomNumberGenerator()
        while seconds.map({ time(nil) - start < $0 }) ?? (count < Self.fixedSeeds.count + Self.randomCount) {
            answers += try Self.run(generator.next())
            count += 1
        }
        print("\(count) simulations, \(answers) answers in \(time(nil) - start) s")
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func givesTheSameRunForTheSameSeed(seed: UInt64) throws {
        let (first, second) = (try Simulation(seed: seed), try Simulation(seed: seed))
        _ = first.run()
        _ = second.run()
        #expect(first.world.trace.hash == second.world.trace.hash)
        #expect(first.world.step == second.world.step)
        #expect(try hash(ofSeed: seed + 1) != first.world.trace.hash)
    }

    private func hash(ofSeed seed: UInt64) throws -> UInt64 {
        let simulation = try Simulation(seed: seed)
        _ = simulation.run()
        return simulation.world.trace.hash
    }

    @discardableResult
    private static func run(_ seed: UInt64, showsTrace: Bool = false) throws -> Int {
        let simulation = try Simulation(seed: seed, linesKept: showsTrace ? 1_000_000 : 0)
        let failures = simulation.run()
        if !failures.isEmpty {
            if showsTrace { print(simulation.world.trace.recent.joined(separator: "\n")) }
            let command = "SWIFT_DETERMINISTIC_HASHING=1 VENCEJO_SIMULATION_SEED=\(seed) swift test --filter Simulation"
            Issue.record("seed \(seed): \(failures.joined(separator: "; ")); once more: \(command)")
        }
        return simulation.answerCount
    }

    private static func setting(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
