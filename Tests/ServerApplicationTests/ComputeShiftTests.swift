import EventLoop
import Serving
import Synchronization
import Testing

@testable import ServerApplication

@Suite struct ComputeShiftTests {
    /// One of a worker's threads: takes its turns until it is over, and writes down what it did.
    private static func live(
        _ level: ComputePriority.Level, _ shift: ComputeShift<Int>, _ log: Monitor<[String]>, turns: [[Int]]
    ) throws -> EventLoopThread {
        try EventLoopThread(name: "\(level)") {
            var turns = turns[...]
            while true {
                switch shift.begin(level, for: nil) {
                case .work(let priority)?:
                    for number in turns.popFirst() ?? [] {
                        var errand: Int? = number
                        shift.send(&errand)
                        log.withLock { $0.append("\(number) is done") }
                    }
                    shift.end(goesOn: turns.isEmpty ? nil : priority)
                case .errand(let number)?:
                    log.withLock { $0.append("\(level) does \(number)") }
                    shift.endErrand()
                case .over?: return log.withLock { $0.append("\(level) is over") }
                case nil: log.withLock { $0.append("too long") }
                }
            }
        }
    }

    /// Turns alternate; the thread that yields waits for what the firm one does in its turn; both end together.
    @Test func theFirmThreadDoesWhatItIsSentFor() throws {
        let shift = ComputeShift<Int>(ComputePriority(cores: 1))
        let log = Monitor<[String]>([])
        let firm = try Self.live(.firm, shift, log, turns: [[], [], []])
        let yielding = try Self.live(.yielding, shift, log, turns: [[1, 2], [], [3]])
        firm.join()
        yielding.join()
        let lines = log.withLock { $0 }
        #expect(
            lines.prefix(6) == [
                "firm does 1", "1 is done", "firm does 2", "2 is done", "firm does 3", "3 is done",
            ])
        #expect(Set(lines.dropFirst(6)) == ["firm is over", "yielding is over"])
    }

    @Test func oneWorksAtATime() {
        let shift = ComputeShift<Int>(ComputePriority(cores: 1))
        guard case .work(let priority)? = shift.begin(.yielding, for: nil) else {
            Issue.record("nobody else works")
            return
        }
        #expect(shift.begin(.firm, for: .milliseconds(1)) == nil, "it is not its turn")
        shift.end(goesOn: priority)
        #expect(shift.begin(.yielding, for: .milliseconds(1)) == nil)
        #expect(shift.begin(.firm, for: nil) != nil)
        shift.end(goesOn: nil)
        for level in [ComputePriority.Level.yielding, .firm] {
            guard case .over? = shift.begin(level, for: nil) else {
                Issue.record("it is over")
                return
            }
        }
    }
}
