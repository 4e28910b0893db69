import EventLoop
import HTTPCore
import Testing

@testable import HTTPServer

@Suite struct ExchangeDeadlinesTests {
    private func exchange(_ stream: UInt32) -> ExchangeID {
        ExchangeID(loop: 0, connection: 1, generation: 2, stream: stream)
    }

    @Test func givesTheEarliestFirstAndNothingBeforeItsTime() {
        var generator = SystemRandomNumberGenerator()
        var deadlines = ExchangeDeadlines()
        let times = (0..<500).map { _ in Int64.random(in: 0..<1000, using: &generator) }
        for (index, time) in times.enumerated() {
            deadlines.add(exchange(UInt32(index)), at: LoopInstant(nanoseconds: time))
        }
        var seen: [Int64] = []
        for now in stride(from: Int64(0), through: 1000, by: 50) {
            while let due = deadlines.popDue(at: LoopInstant(nanoseconds: now)) {
                let time = times[Int(due.stream)]
                #expect(time <= now)
                seen.append(time)
            }
            if let next = deadlines.next { #expect(next.nanoseconds > now) }
        }
        #expect(seen == times.sorted())
    }

    @Test func forgetsExchangesThatAreOverWhenItHasGrown() {
        var deadlines = ExchangeDeadlines()
        for stream in 0..<1000 {
            if deadlines.isCompactionDue { deadlines.compact { $0.stream % 100 == 0 } }
            deadlines.add(exchange(UInt32(stream)), at: LoopInstant(nanoseconds: Int64(1000 - stream)))
        }
        deadlines.compact { $0.stream % 100 == 0 }
        var left: [UInt32] = []
        while let due = deadlines.popDue(at: .never) { left.append(due.stream) }
        #expect(left == [900, 800, 700, 600, 500, 400, 300, 200, 100, 0])
    }
}
