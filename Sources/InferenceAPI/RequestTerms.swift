/// What a request asks of serving besides its answer: until when it is worth anything, and how urgent it is.
package struct RequestTerms: Sendable, Hashable {
    package var deadline: RequestDeadline
    package var priority: RequestPriority

    /// Of a request that says nothing.
    package static let standard = RequestTerms(deadline: .never, priority: .normal)

    package init(deadline: RequestDeadline = .never, priority: RequestPriority = .normal) {
        self.deadline = deadline
        self.priority = priority
    }
}

/// The moment at which an answer is of no use any more, on the process's monotonic clock. Each protocol has its own
/// words for it, all of which count from the request's head.
package struct RequestDeadline: Sendable, Hashable, Comparable {
    /// On the clock; `UInt64.max` never comes.
    package let nanoseconds: UInt64

    package static let never = RequestDeadline(nanoseconds: .max)

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// So long after `start`; ``never`` where the sum does not fit.
    package init(start: UInt64, timeoutNanoseconds: UInt64) {
        let (sum, overflow) = start.addingReportingOverflow(timeoutNanoseconds)
        nanoseconds = overflow ? .max : sum
    }

    package func hasPassed(at now: UInt64) -> Bool { now >= nanoseconds }

    package static func < (left: RequestDeadline, right: RequestDeadline) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The longest time that may be asked for: a day. More is a mistake in the unit.
    package static let timeoutMillisecondsMax = 86_400_000

    /// Milliseconds as a request states them: 1 to ``timeoutMillisecondsMax``, in digits and nothing else.
    package static func milliseconds(_ text: Span<UInt8>) -> Int? {
        guard (1...8).contains(text.count) else { return nil }
        var value = 0
        for index in text.indices {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[index]) else { return nil }
            value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
        }
        return (1...timeoutMillisecondsMax).contains(value) ? value : nil
    }
}

/// How a request stands to the others that wait for the same model: ahead of what came a little before it, or behind
/// what came a little after. It is no privilege among models, and nobody waits for ever.
package enum RequestPriority: UInt8, Sendable, CaseIterable {
    case high, normal, low

    package init?(_ text: Span<UInt8>) {
        for known in Self.allCases where known.isNamed(text) {
            self = known
            return
        }
        return nil
    }

    package var name: String {
        switch self {
        case .high: "high"
        case .normal: "normal"
        case .low: "low"
        }
    }

    private func isNamed(_ text: Span<UInt8>) -> Bool {
        let name = Array(name.utf8)
        guard name.count == text.count else { return false }
        for index in name.indices where name[index] != text[index] { return false }
        return true
    }
}
