import Serving
import Testing

struct FollowPaceTests {
    @Test func looksAtTheIntervalSpreadByATenth() {
        var pace = FollowPace(interval: .seconds(1))
        #expect(pace.next(isWell: true, random: 0) == .milliseconds(900))
        #expect(pace.next(isWell: true, random: 1) == .milliseconds(1100))
    }

    @Test func waitsLongerWhileItFailsAndComesBackAtOnce() {
        var pace = FollowPace(interval: .seconds(1))
        let waits = (0..<30).map { _ in pace.next(isWell: false, random: 0.5) }
        #expect(waits.prefix(5) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), FollowPace.waitMax])
        #expect(waits.allSatisfy { $0 <= FollowPace.waitMax })
        #expect(pace.next(isWell: true, random: 0.5) == .seconds(1))
    }

    @Test func aLongIntervalStaysOneAlsoInFailure() {
        var pace = FollowPace(interval: .seconds(600))
        for _ in 0..<30 { #expect(pace.next(isWell: false, random: 0.5) == .seconds(600)) }
    }
}
