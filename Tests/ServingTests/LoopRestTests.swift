import Testing

@testable import Serving

/// A loop with ticks of a millisecond, and the parts of the time that it and the compute threads get.
private struct Core {
    var rest = LoopRest()
    var now: UInt64 = 1_000_000_000_000
    var loop: UInt64 = 7
    var compute: UInt64 = 9

    /// - Returns: in which of so many ticks it rested.
    mutating func run(ticks: Int, loop loopPart: Double, compute computePart: Double) -> [Int] {
        (0..<ticks).filter { _ in
            now += 1_000_000
            loop += UInt64(1_000_000 * loopPart)
            compute += UInt64(1_000_000 * computePart)
            let isDue = rest.isDue(at: now, loop: loop, compute: compute)
            if isDue {
                now += LoopRest.nanoseconds
                compute += LoopRest.nanoseconds
            }
            return isDue
        }
    }
}

@Suite struct LoopRestTests {
    @Test func aSaturatedLoopLeavesAFifth() {
        var core = Core()
        #expect(core.run(ticks: 16, loop: 1, compute: 0).isEmpty, "too short to tell")
        #expect(core.run(ticks: 9, loop: 0.99, compute: 0.01) == [0, 4, 8], "one of five, after three of its own")
        core.rest.forget()
        #expect(core.run(ticks: 5, loop: 1, compute: 0) == [3], "it is still known to be saturated")
    }

    @Test(arguments: [(loop: 0.7, compute: 0.01), (0.85, 0.15), (1, 0.5)])
    func nobodyRestsForThoseWhoGetOn(loop: Double, compute: Double) {
        var core = Core()
        #expect(core.run(ticks: 100, loop: loop, compute: compute).isEmpty)
    }

    @Test func oneThatIsNotSaturatedAnyMoreIsLookedAtFromTheBeginning() {
        var core = Core()
        #expect(core.run(ticks: 17, loop: 1, compute: 0) == [16])
        #expect(core.run(ticks: 4, loop: 0.5, compute: 0.5).isEmpty)
        #expect(core.run(ticks: 17, loop: 1, compute: 0) == [15])
        #expect(core.run(ticks: 2, loop: 1, compute: 0).isEmpty)
        core.rest.forget()
        #expect(core.run(ticks: 3, loop: 1, compute: 0).isEmpty, "what was before does not count")
    }
}
