package import InferenceAPI

/// What a request's parameters ask of serving.
package struct OpenInferenceTerms: Sendable, Hashable {
    /// `timeout`, which is in microseconds; 0 for none.
    package internal(set) var timeoutNanoseconds: UInt64 = 0
    /// `priority`: 1 is high, 2 the ordinary one, more is low; 0 is what the server would take anyway.
    package internal(set) var priority: RequestPriority?

    /// What the head asks for and this: the sooner deadline, and the priority of the one that tells it last.
    /// - Parameter now: when the body had come.
    package func joined(with terms: RequestTerms, now: UInt64) -> RequestTerms {
        var joined = terms
        if timeoutNanoseconds > 0 {
            joined.deadline = min(terms.deadline, RequestDeadline(start: now, timeoutNanoseconds: timeoutNanoseconds))
        }
        if let priority { joined.priority = priority }
        return joined
    }

    /// - Returns: false for a time that is none.
    mutating func setTimeout(microseconds: Int64) -> Bool {
        guard microseconds >= 0 else { return false }
        let (nanoseconds, overflow) = UInt64(microseconds).multipliedReportingOverflow(by: 1000)
        timeoutNanoseconds = overflow ? .max : nanoseconds
        return true
    }

    /// - Returns: false for a priority that is none.
    mutating func setPriority(_ number: Int64) -> Bool {
        switch number {
        case 0: priority = nil
        case 1: priority = .high
        case 2: priority = .normal
        case 3...: priority = .low
        default: return false
        }
        return true
    }
}
