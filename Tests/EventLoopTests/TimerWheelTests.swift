import SeededRandom
import Testing

@testable import EventLoop

@Suite struct TimerWheelTests {
    private func at(_ milliseconds: Int64) -> LoopInstant { LoopInstant(nanoseconds: milliseconds * 1_000_000) }

    private func expire(_ wheel: inout TimerWheel, _ milliseconds: Int64) -> [Int] {
        var due: [Int] = []
        wheel.expire(at: at(milliseconds), into: &due)
        return due.sorted()
    }

    @Test func firesEachTimerOnceNeverEarlyAndSoonAfter() {
        var wheel = TimerWheel(now: at(0))
        wheel.schedule(1, at: at(1000))
        wheel.schedule(2, at: at(5000))
        #expect(expire(&wheel, 999) == [])
        #expect(expire(&wheel, 1068) == [1])
        #expect(!wheel.isScheduled(1) && wheel.isScheduled(2) && wheel.count == 1)
        #expect(expire(&wheel, 4999) == [])
        #expect(expire(&wheel, 10_000) == [2])
        #expect(expire(&wheel, 20_000) == [] && wheel.nextDeadline == nil)
    }

    @Test func aPastDeadlineFiresAtTheNextStep() {
        var wheel = TimerWheel(now: at(1000))
        wheel.schedule(0, at: at(10))
        #expect(expire(&wheel, 1000) == [])
        #expect(expire(&wheel, 1100) == [0])
    }

    @Test func movesAndCancels() {
        var wheel = TimerWheel(now: at(0))
        wheel.schedule(3, at: at(1000))
        wheel.schedule(3, at: at(9000))
        #expect(wheel.count == 1 && expire(&wheel, 5000) == [])
        wheel.cancel(3)
        wheel.cancel(3)
        wheel.cancel(77)
        #expect(wheel.count == 0 && expire(&wheel, 100_000) == [])
    }

    @Test func reachesFurtherThanOneTurn() {
        var wheel = TimerWheel(now: at(0))
        wheel.schedule(1, at: at(300_000))
        wheel.schedule(2, at: .never)
        for second in stride(from: Int64(0), through: 299, by: 1) { #expect(expire(&wheel, second * 1000) == []) }
        #expect(expire(&wheel, 300_100) == [1])
    }

    @Test func agreesWithAPlainTableOnRandomSchedules() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        var wheel = TimerWheel(now: at(0))
        var plain: [Int: Int64] = [:]
        var now: Int64 = 0
        for _ in 0..<20_000 {
            let id = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                wheel.cancel(id)
                plain[id] = nil
            case 1:
                now += Int64.random(in: 0...3000, using: &random)
                for fired in expire(&wheel, now) {
                    let deadline = plain.removeValue(forKey: fired)
                    #expect((deadline ?? .max) <= now, "early: seed \(seed)")
                }
                for (late, deadline) in plain where deadline + 68 <= now {
                    Issue.record("timer \(late) is late: seed \(seed)")
                    return
                }
            default:
                let deadline = now + Int64.random(in: 0...90_000, using: &random)
                wheel.schedule(id, at: at(deadline))
                plain[id] = deadline
            }
            #expect(wheel.count == plain.count, "seed \(seed)")
            guard let earliest = plain.values.min() else {
                #expect(wheel.nextDeadline == nil)
                continue
            }
            let next = wheel.nextDeadline ?? .never
            #expect(next <= at(max(earliest, now) + 68 * 2), "seed \(seed)")
        }
    }
}
