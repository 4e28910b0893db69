/// How many of something that costs us and brings nothing a peer may still do: so many at once, so many a second, and
/// some more for what it does that is of use.
struct HTTP2Allowance {
    private let burst: Int
    private let perSecond: Int
    private var left: Int
    /// When `left` was last filled up, in nanoseconds.
    private var filledAt: Int64

    /// A full allowance.
    init(burst: Int, perSecond: Int, now: Int64) {
        self.burst = burst
        self.perSecond = perSecond
        left = burst
        filledAt = now
    }

    /// Takes one; false where none is left.
    mutating func take(now: Int64) -> Bool {
        if left > 0 {
            left -= 1
            return true
        }
        let passed = max(0, now.subtractingReportingOverflow(filledAt).partialValue)
        let earned = Int(min(passed / 1_000_000, 1_000_000)) * perSecond / 1000
        guard earned > 0 else { return false }
        filledAt = now
        left = min(burst, earned) - 1
        return true
    }

    /// Adds to it, up to a full one.
    mutating func earn(_ count: Int) {
        left = min(burst, left + count)
    }
}
