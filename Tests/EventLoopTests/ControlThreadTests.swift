import EventLoop
import Glibc
import Synchronization
import Testing

struct ControlThreadTests {
    @Test func runsJobsInOrderOnOneThreadAndFinishesThemBeforeItStops() throws {
        let control = try ControlThread(jobsMax: 1000)
        let order = Mutex<[Int]>([])
        for number in 0..<500 {
            #expect(control.submit { if control.isCurrent { order.withLock { $0.append(number) } } })
        }
        #expect(!control.isCurrent)
        control.stop()
        #expect(order.withLock { $0 } == Array(0..<500))
        #expect(!control.submit {}, "a stopped thread takes nothing")
    }

    @Test func refusesJobsAtItsBound() throws {
        let control = try ControlThread(jobsMax: 3)
        let gate = Monitor(false)
        let isRunning = Monitor(false)
        #expect(
            control.submit {
                isRunning.withLock { $0 = true }
                _ = gate.wait(for: .seconds(30)) { $0 ? true : nil }
            })
        #expect(isRunning.wait(for: .seconds(30)) { $0 ? true : nil } == true)
        for _ in 0..<3 { #expect(control.submit {}) }
        #expect(!control.submit {})
        gate.withLock { $0 = true }
        control.stop()
    }

    @Test func keepsHouseWhenThereIsNothingToDo() throws {
        let idle = Monitor(0)
        let control = try ControlThread(
            idleInterval: .milliseconds(1), onIdle: { idle.withLock { $0 += 1 } }, pause: .milliseconds(1))
        #expect(idle.wait(for: .seconds(30)) { $0 >= 3 ? true : nil } == true)
        control.stop()
    }

    /// Housekeeping may leave something to do as a job does.
    @Test func pausesBehindHousekeeping() throws {
        let order = Monitor<[String]>([])
        let control = try ControlThread(
            idleInterval: .milliseconds(5), onIdle: { order.withLock { $0.append("idle") } }, pause: .milliseconds(5)
        ) { order.withLock { $0.append("pause") } }
        let wanted = ["pause", "idle", "pause", "idle", "pause"]
        #expect(order.wait(for: .seconds(30)) { $0.starts(with: wanted) ? true : nil } == true)
        control.stop()
    }

    @Test func tellsOncePerPause() throws {
        let pauses = Monitor(0)
        let control = try ControlThread(pause: .milliseconds(20)) { pauses.withLock { $0 += 1 } }
        for round in 1...3 {
            #expect(pauses.wait(for: .seconds(30)) { $0 == round ? true : nil } == true)
            #expect(pauses.wait(for: .milliseconds(60)) { $0 > round ? true : nil } == nil, "a pause is told twice")
            #expect(control.submit {})
        }
        control.stop()
    }

    /// Housekeeping is work, too.
    @Test func tellsOfHousekeeping() throws {
        let order = Monitor<[String]>([])
        @Sendable func note(_ line: String) { order.withLock { $0.append(line) } }
        let control = try ControlThread(
            idleInterval: .milliseconds(5), onIdle: { note("idle") }, pause: .milliseconds(5),
            onPause: { note("pause") }, onWork: { note($0 ? "begin" : "end") })
        let wanted = ["begin", "pause", "end", "begin", "idle", "pause", "end"]
        #expect(order.wait(for: .seconds(30)) { $0.starts(with: wanted) ? true : nil } == true)
        control.stop()
    }

    /// Work begins with the thread or a job, and ends in the pause behind it.
    @Test func tellsOfWork() throws {
        let order = Monitor<[String]>([])
        @Sendable func note(_ line: String) { order.withLock { $0.append(line) } }
        let control = try ControlThread(
            idleInterval: .seconds(3600), pause: .milliseconds(100), onPause: { note("pause") },
            onWork: { note($0 ? "begin" : "end") })
        var wanted = ["begin", "pause", "end"]
        #expect(order.wait(for: .seconds(30)) { $0 == wanted ? true : nil } == true)
        // The second comes while the first is at work: no pause lies between them.
        #expect(
            control.submit {
                note("job")
                _ = control.submit { note("job") }
            })
        wanted += ["begin", "job", "job", "pause", "end"]
        #expect(order.wait(for: .seconds(30)) { $0 == wanted ? true : nil } == true)
        control.stop()
    }

    @Test func isToldNowAndThenUnderASteadyStream() throws {
        struct Seen: Sendable {
            var pauses = 0
            var isOver = false
        }
        let seen = Monitor(Seen())
        let control = try ControlThread(pause: .milliseconds(20)) { seen.withLock { $0.pauses += 1 } }
        // Each job submits the next: there is never a time without one.
        @Sendable func next() {
            if !seen.withLock({ $0.isOver }) { _ = control.submit { next() } }
        }
        next()
        #expect(seen.wait(for: .seconds(30)) { $0.pauses >= 3 ? true : nil } == true)
        seen.withLock { $0.isOver = true }
        control.stop()
    }

    @Test func yieldsToTheLoopsAndLeavesSignalsToOthers() throws {
        struct Seen: Sendable {
            let niceness: Int32
            let blocksTermination: Bool

            init() {
                niceness = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
                var mask = sigset_t()
                _ = unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
                blocksTermination = unsafe sigismember(&mask, SIGTERM) == 1
            }
        }
        let before = Seen()
        let control = try ControlThread()
        let seen = Monitor<Seen?>(nil)
        #expect(control.submit { seen.withLock { $0 = Seen() } })
        let there = try #require(seen.wait(for: .seconds(30)) { $0 })
        control.stop()
        #expect(there.niceness == min(19, before.niceness + 15))
        #expect(there.blocksTermination)
        #expect(Seen().blocksTermination == before.blocksTermination, "the maker's own mask is as it was")
    }
}
