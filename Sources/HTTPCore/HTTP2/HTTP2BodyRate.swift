/// How slowly a request's body may come.
package struct HTTP2BodyRate {
    let bytesPerSecond: Int
    /// Nanoseconds in which it may come at any rate.
    let grace: Int64
    /// Bytes that have arrived and are not yet a whole frame; nobody knows yet whose.
    let unread: Int

    /// Makes a rate.
    package init(bytesPerSecond: Int, grace: Int64, unread: Int) {
        self.bytesPerSecond = max(1, bytesPerSecond)
        self.grace = grace
        self.unread = unread
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
