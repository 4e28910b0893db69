import Serving
import Testing

struct FollowPaceTests {
    @Test func looksAtTheIntervalSpreadByATenth() {
        var pace = FollowPace(interval: .seconds(1))
        #expect(isClose(pace.next(isWell: true, random: 0), .milliseconds(900)))
        #expect(isClose(pace.next(isWell: true, random: 1), .milliseconds(1100)))
    }

    @Test func waitsLongerWhileItFailsAndComesBackAtOnce() {
        var pace = FollowPace(interval: .seconds(1))
        let waits = (0..<30).map { _ in pace.next(isWell: false, random: 0.5) }
        for (wait, seconds) in zip(waits, [1, 2, 4, 8, 10, 10, 10]) { #expect(isClose(wait, .seconds(seconds))) }
        #expect(waits.count { isClose($0, FollowPace.waitMax) } == 26)
        #expect(isClose(pace.next(isWell: true, random: 0.5), .seconds(1)))
    }

    @Test func aLongIntervalStaysOneAlsoInFailure() {
        var pace = FollowPace(interval: .seconds(600))
        for _ in 0..<30 { #expect(isClose(pace.next(isWell: false, random: 0.5), .seconds(600))) }
    }

    private func isClose(_ duration: Duration, _ wanted: Duration) -> Bool {
        (wanted - .microseconds(1)...wanted + .microseconds(1)).contains(duration)
    }
}
