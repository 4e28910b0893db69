import Testing

@testable import Serving

/// A loop with turns of a millisecond beside a batch that does not end.
private struct Core {
    var rest = LoopRest()
    var now: UInt64 = 1_000_000_000_000
    var loop: UInt64 = 7
    var batch: UInt64 = 9

    /// - Returns: after which of so many turns it rested.
    mutating func run(turns: Int, loop loopPart: Double, batch batchPart: Double, number: UInt64 = 1) -> [Int] {
        run(turns: turns, loop: loopPart) { core in
            core.batch += UInt64(1_000_000 * batchPart)
            return .running(batch: number, nanoseconds: core.batch)
        }
    }

    mutating func run(turns: Int, loop loopPart: Double, _ progress: (inout Core) -> ComputeProgress) -> [Int] {
        (0..<turns).filter { _ in
            now += 1_000_000
            loop += UInt64(1_000_000 * loopPart)
            let progress = progress(&self)
            let isDue = rest.isDue(at: now, loop: loop, progress: progress)
            if isDue {
                now += LoopRest.nanoseconds
                batch += LoopRest.nanoseconds
            }
            return isDue
        }
    }
}

@Suite struct LoopRestTests {
    @Test func aSaturatedLoopLeavesAFifth() {
        var core = Core()
        #expect(core.run(turns: 17, loop: 1, batch: 0).isEmpty, "too short to tell")
        #expect(core.run(turns: 9, loop: 0.99, batch: 0.01) == [0, 4, 8], "one of five, after three of its own")
        core.rest.forget()
        #expect(core.run(turns: 17, loop: 1, batch: 0).isEmpty, "what was before does not count")
    }

    @Test(arguments: [(loop: 0.7, batch: 0.01), (0.85, 0.15), (1, 0.5)])
    func nobodyRestsForABatchThatGetsOn(loop: Double, batch: Double) {
        var core = Core()
        #expect(core.run(turns: 100, loop: loop, batch: batch).isEmpty)
    }

    @Test func orForOneThatIsAnother() {
        var core = Core()
        var number: UInt64 = 0
        let rests = core.run(turns: 100, loop: 1) { _ in
            number += 1
            return .running(batch: number / 10, nanoseconds: 0)
        }
        #expect(rests.isEmpty)
    }

    @Test func requestsThatNobodyTakesStandStill() {
        var core = Core()
        #expect(core.run(turns: 18, loop: 1) { _ in .waiting(begun: 5) } == [17])
        var begun: UInt64 = 5
        let rests = core.run(turns: 100, loop: 1) { _ in
            begun += 1
            return .waiting(begun: begun)
        }
        #expect(rests.isEmpty)
        #expect(core.run(turns: 100, loop: 1) { _ in .unhindered }.isEmpty)
    }
}
