/// How slowly a request's body may come.
package struct HTTP2BodyRate {
    let bytesPerSecond: Int
    /// Nanoseconds in which it may come at any rate.
    let grace: Int64
    /// Nanoseconds in which a body that is gathered has to be whole, at whatever rate.
    let longest: Int64
    /// Nanoseconds for which the rest of a body may come after its answer.
    let linger: Int64
    /// Bytes that have arrived and are not yet a whole frame; nobody knows yet whose.
    let unread: Int

    /// Makes a rate.
    package init(bytesPerSecond: Int, grace: Int64, longest: Int64, linger: Int64, unread: Int) {
        self.bytesPerSecond = max(1, bytesPerSecond)
        self.grace = grace
        self.longest = longest
        self.linger = linger
        self.unread = unread
    }

    /// When a stream is reset whose answer was whole at `answered`.
    func resetTime(answered: Int64) -> Int64 {
        let end = answered.addingReportingOverflow(linger)
        return end.overflow ? Int64.max : end.partialValue
    }

    /// Until when a body that is gathered must be whole.
    func lastTime(start: Int64) -> Int64 {
        let end = start.addingReportingOverflow(longest)
        return end.overflow ? Int64.max : end.partialValue
    }

    /// Until when a body must have more, in nanoseconds: after the grace, and what its bytes have earned.
    func deadline(start: Int64, bytes: Int) -> Int64 {
        let (all, overflow) = bytes.addingReportingOverflow(unread)
        let earned = Int64(all / bytesPerSecond).multipliedReportingOverflow(by: 1_000_000_000)
        let sum = start.addingReportingOverflow(grace)
        let end = sum.partialValue.addingReportingOverflow(earned.partialValue)
        return overflow || earned.overflow || sum.overflow || end.overflow ? Int64.max : end.partialValue
    }
}
