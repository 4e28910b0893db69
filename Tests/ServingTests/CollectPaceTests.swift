import Testing

@testable import Serving

struct CollectPaceTests {
    @Test func keepsThePausesAndTakesATenthOfTheTimeAtMost() {
        var pace = CollectPace(CollectPauses(first: .seconds(3), next: .seconds(60)), now: 1_000)
        #expect(!pace.isDue(at: 3_000_000_999) && pace.isDue(at: 3_000_001_000))
        pace.ended(at: 0, nanoseconds: 1_000_000_000, isOver: true)
        #expect(!pace.isDue(at: 59_999_999_999) && pace.isDue(at: 60_000_000_000))
        pace.ended(at: 0, nanoseconds: 7_000_000_000, isOver: true)
        #expect(!pace.isDue(at: 69_999_999_999) && pace.isDue(at: 70_000_000_000))
        pace.ended(at: 0, nanoseconds: 2_000_000_000, isOver: false)
        #expect(!pace.isDue(at: 1_999_999_999) && pace.isDue(at: 2_000_000_000), "the rest follows")
        #expect(!CollectPace(nil, now: 0).isDue(at: .max))
    }
}
