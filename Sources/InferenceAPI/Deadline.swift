/// A point on the monotonic clock after which nobody waits for the answer, in nanoseconds; `never` by default.
package struct Deadline: Sendable, Hashable, Comparable {
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    package static let never = Deadline(nanoseconds: .max)

    package static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    package func isPast(at now: UInt64) -> Bool { now > nanoseconds }
}
