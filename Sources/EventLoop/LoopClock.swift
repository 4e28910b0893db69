internal import Glibc

/// A point in monotonic time, in nanoseconds since an arbitrary start.
package struct LoopInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since the clock's start.
    package var nanoseconds: Int64

    /// Makes an instant that many nanoseconds after the clock's start.
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The same without a sign, for spans between two instants.
    package var elapsedNanoseconds: UInt64 { UInt64(bitPattern: nanoseconds) }

    /// The far future: a deadline that never comes.
    package static let never = LoopInstant(nanoseconds: .max)

    package static func < (left: LoopInstant, right: LoopInstant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The instant `duration` later, at most ``never``.
    package func advanced(by duration: LoopDuration) -> LoopInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return LoopInstant(nanoseconds: overflow ? .max : sum)
    }
}

/// A span of monotonic time in nanoseconds: `Duration` narrowed to one word for the hot path.
package struct LoopDuration: Comparable, Hashable, Sendable {
    /// The length in nanoseconds.
    package var nanoseconds: Int64

    /// Makes a span of that many nanoseconds.
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Narrows `duration`; what does not fit becomes the longest span (292 years).
    package init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowToo) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        nanoseconds = overflow || overflowToo ? .max : sum
    }

    package static func < (left: LoopDuration, right: LoopDuration) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// Where a loop takes its time from; tests put a fake one here.
package protocol LoopClock: Sendable {
    /// The monotonic time: for deadlines.
    func now() -> LoopInstant
    /// The wall clock in whole seconds since 1970: for the `Date` field.
    func unixSeconds() -> Int64
}

/// The machine's clocks, read through the vDSO (about 20 ns a call).
package struct SystemClock: LoopClock {
    /// Makes a clock; all are equal.
    package init() {}

    package func now() -> LoopInstant {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return LoopInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package func unixSeconds() -> Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec)
    }
}
