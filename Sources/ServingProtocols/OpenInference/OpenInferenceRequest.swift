package import InferenceAPI

/// What a decoded request of the Open Inference Protocol wants of its answer; its rows are in the model's batch.
package struct OpenInferenceRequest: Sendable {
    /// How it came, and so how its answer goes.
    package enum Wire: Sendable {
        /// HTTP: JSON, with binary tensors behind it where they are asked for.
        case http
        /// gRPC with `raw_input_contents`: so are the outputs.
        case rawCall
        /// gRPC with typed contents: so are the outputs.
        case typedCall
    }

    /// What it calls itself, in UTF-8; empty for nothing.
    package internal(set) var id: [UInt8] = []
    package internal(set) var wire = Wire.http
    package internal(set) var terms = OpenInferenceTerms()
    var outputs = RequestedOutputs()
    /// Whether outputs of which nothing is said are binary.
    var wantsBinary = false
    /// Whether its inputs are the columns of a data frame (`content_type` `pd`), and so its outputs.
    var isFrame = false

    package init() {}
}

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
