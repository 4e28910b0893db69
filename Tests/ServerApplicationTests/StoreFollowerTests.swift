import EventLoop
import ModelStore
import Serving
import Telemetry
import Testing

@testable import ServerApplication

@Suite struct StoreFollowerTests {
    /// Where timers stand still between requests, a request that finds the last look too old has another one made.
    @Test func aRequestMakesItLookWhereTheLastLookIsOld() throws {
        let harness = try Harness()
        let looks = Monitor(0)
        let follower = try StoreFollower(
            harness.registry, MemoryModelStore(), control: harness.control, fetches: nil, interval: .seconds(3600),
            log: .silent
        ) { _, _ in looks.withLock { $0 += 1 } }
        defer { follower.stop() }
        func hasLooked(_ count: UInt64, within timeout: Duration = .seconds(60)) -> Bool {
            looks.wait(for: timeout) { _ in follower.report.looks == count ? true : nil } == true
        }
        #expect(follower.waitForFirstLook(.seconds(60)) != nil && follower.loadFirst(.seconds(60)) != nil)
        follower.goOn()
        #expect(hasLooked(1))
        let now = SystemClock().now()
        follower.askIfStale(at: now.elapsedNanoseconds)
        follower.askIfStale(at: now.advanced(by: LoopDuration(.seconds(7000))).elapsedNanoseconds)
        #expect(!hasLooked(2, within: .milliseconds(200)), "two intervals have not passed")
        follower.askIfStale(at: now.advanced(by: LoopDuration(.seconds(7300))).elapsedNanoseconds)
        #expect(hasLooked(2))
    }
}
