import Glibc
import Testing

/// The whole server over a simulated system, many times: see `Simulation`.
///
///     VENCEJO_SIMULATION_SEED=7 swift test --filter SimulationTests      # once more what has failed
///     VENCEJO_SIMULATION_SECONDS=600 swift test --filter SimulationTests # as many random seeds as fit
@Suite(.serialized) struct SimulationTests {
    /// What is always run: enough that each manner of client meets each failure.
    private static let fixedSeeds: [UInt64] = Array(1...20)
    /// And then some that nobody has seen.
    private static let randomCount = 4

    @Test func holdsItsPromisesInEverySchedule() throws {
        if let text = Self.setting("VENCEJO_SIMULATION_SEED"), let seed = UInt64(text) {
            try Self.run(seed, showsTrace: true)
            return
        }
        var count = 0
        var answers = (all: 0, http2: 0)
        func run(_ seed: UInt64) throws {
            let more = try Self.run(seed)
            answers = (answers.all + more.all, answers.http2 + more.http2)
            count += 1
        }
        let seconds = Self.setting("VENCEJO_SIMULATION_SECONDS").flatMap { Int($0) }
        let start = time(nil)
        for seed in Self.fixedSeeds {
            try run(seed)
        }
        var generator = SystemRandomNumberGenerator()
        while seconds.map({ time(nil) - start < $0 }) ?? (count < Self.fixedSeeds.count + Self.randomCount) {
            try run(generator.next())
        }
        let spent = time(nil) - start
        print("\(count) simulations, \(answers.all) answers, \(answers.http2) of them over HTTP/2, in \(spent) s")
    }

    @Test(arguments: [1, 2] as [UInt64])
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
    private static func run(_ seed: UInt64, showsTrace: Bool = false) throws -> (all: Int, http2: Int) {
        let simulation = try Simulation(seed: seed, linesKept: showsTrace ? 1_000_000 : 0)
        let failures = simulation.run()
        if !failures.isEmpty {
            if showsTrace { print(simulation.world.trace.recent.joined(separator: "\n")) }
            let command = "SWIFT_DETERMINISTIC_HASHING=1 VENCEJO_SIMULATION_SEED=\(seed) swift test --filter Simulation"
            Issue.record("seed \(seed): \(failures.joined(separator: "; ")); once more: \(command)")
        }
        return (simulation.answerCount, simulation.http2AnswerCount)
    }

    private static func setting(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
