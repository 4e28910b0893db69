import Testing

@testable import Serving

/// A worker on some cores, and the time that it and its process get.
private struct Worker {
    var priority: ComputePriority
    var now: UInt64 = 1_000_000_000_000
    var process: UInt64 = 5_000_000_000

    init(cores: Double) { priority = ComputePriority(cores: cores) }

    /// Runs batches for so many milliseconds: each takes 5 ms, in which its thread has a part of a core and the process
    /// so many cores.
    mutating func run(milliseconds: Int, part: Double, process cores: Double, idle: UInt64 = 0) {
        for _ in 0..<milliseconds / 5 {
            priority.begin(at: now, process: process)
            now += 5_000_000
            process += UInt64(5_000_000 * cores)
            priority.end(elapsed: 5_000_000, work: UInt64(5_000_000 * part), at: now, process: process)
            now += idle
        }
    }
}

@Suite struct ComputePriorityTests {
    @Test(arguments: [1.0, 4])
    func yieldsToItsOwnProcess(cores: Double) {
        var worker = Worker(cores: cores)
        worker.run(milliseconds: 200, part: 0.9, process: 0.9)
        #expect(worker.priority.level == .yielding, "nobody is in its way")
        worker.run(milliseconds: 2000, part: 0.06, process: cores * 0.98)
        #expect(worker.priority.level == .yielding, "its loops are")
        worker.run(milliseconds: 500, part: 0.04, process: cores * 0.98)
        #expect(worker.priority.level == .firm, "that is too little, whoever has the rest")
    }

    @Test(arguments: [0.25, 1, 4])
    func doesNotYieldToOthers(cores: Double) {
        var worker = Worker(cores: cores)
        worker.run(milliseconds: 245, part: 0.03, process: cores * 0.5)
        #expect(worker.priority.level == .yielding, "that is too short to tell")
        worker.run(milliseconds: 5, part: 0.03, process: cores * 0.5)
        #expect(worker.priority.level == .firm)
        worker.run(milliseconds: 750, part: 0.25, process: cores * 0.5)
        #expect(worker.priority.level == .firm)
        worker.run(milliseconds: 250, part: 0.25, process: cores * 0.5)
        #expect(worker.priority.level == .yielding, "it is tried again")
    }

    /// The 9th time it is firm for 64 s, as it is the 7th.
    @Test func triesLessOftenAsLongAsTheyAreThere() {
        var worker = Worker(cores: 1)
        for attempt in 0..<9 {
            worker.run(milliseconds: 250, part: 0.03, process: 0.5)
            #expect(worker.priority.level == .firm)
            let seconds = 1 << min(attempt, 6)
            worker.run(milliseconds: seconds * 1000 - 250, part: 0.3, process: 0.5)
            #expect(worker.priority.level == .firm)
            worker.run(milliseconds: 250, part: 0.3, process: 0.5)
            #expect(worker.priority.level == .yielding)
        }
        worker.run(milliseconds: 250, part: 0.8, process: 0.9)
        worker.run(milliseconds: 250, part: 0.03, process: 0.5)
        worker.run(milliseconds: 1000, part: 0.3, process: 0.5)
        #expect(worker.priority.level == .yielding, "they were gone")
    }

    @Test func aWorkerWithLittleToDoTellsNothing() {
        var worker = Worker(cores: 1)
        worker.run(milliseconds: 500, part: 0.03, process: 0.1, idle: 20_000_000)
        #expect(worker.priority.level == .yielding)
        worker.run(milliseconds: 500, part: 0.03, process: 0.1)
        #expect(worker.priority.level == .firm)
        worker.run(milliseconds: 500, part: 0.03, process: 0.1, idle: 20_000_000)
        #expect(worker.priority.level == .yielding)
    }
}
