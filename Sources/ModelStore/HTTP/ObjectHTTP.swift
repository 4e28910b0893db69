internal import Serving

/// Requests to a store with patience: what fails in passing is tried again, a bounded number of times, after waits that
/// grow and are spread at random, so that many replicas do not come back together.
package struct ObjectHTTP: Sendable {
    package struct Policy: Sendable {
        /// Times that a request is sent in all.
        package var attemptsMax = 4
        /// Times that a download goes on after a cut, having got further each time.
        package var resumesMax = 64
        package var waitFirst = Duration.milliseconds(100)
        package var waitMax = Duration.seconds(2)

        package init() {}
    }

    let transport: any HTTPTransport
    let policy: Policy
    let system: StoreSystem

    package init(_ transport: any HTTPTransport, policy: Policy = Policy(), system: StoreSystem) {
        self.transport = transport
        self.policy = policy
        self.system = system
    }

    /// The first answer that is worth having.
    /// - Parameters:
    ///   - operation: what is being done, for errors.
    ///   - place: where, for the log.
    ///   - sink: takes the body of a successful answer; it is told nothing of a failed attempt before, so `make` must
    ///     ask for what is still missing.
    ///   - make: the request; made anew each time, since its signature carries the time.
    /// - Returns: the answer and how many attempts it took; the last one's if all fail in passing. A cut after which a
    ///   download has got further is no attempt.
    /// - Throws: if there was none, or `make` throws.
    func send(
        while operation: String, place: String, into sink: (any ResumableSink)? = nil,
        _ make: () throws(StoreError) -> HTTPRequest
    ) throws(StoreError) -> (response: HTTPResponse, attempts: Int) {
        var attempt = 0
        var resumes = 0
        while true {
            let request = try make()
            let before = sink?.byteCount ?? 0
            attempt += 1
            do throws(HTTPFailure) {
                let response = try transport.perform(request, into: sink)
                guard Self.isPassing(response.status), attempt < policy.attemptsMax else { return (response, attempt) }
                wait(before: attempt, Self.retryAfter(response))
            } catch {
                if let sink, sink.byteCount > before, error.isPassing, resumes < policy.resumesMax {
                    resumes += 1
                    attempt = 0
                    continue
                }
                guard error.isPassing, attempt < policy.attemptsMax else {
                    throw error.stored(while: operation, place: place)
                }
                wait(before: attempt, nil)
            }
        }
    }

    /// 408, 429 and what a server or the proxy before it says when it is overloaded.
    static func isPassing(_ status: Int) -> Bool {
        switch status {
        case 408, 429, 500, 502, 503, 504: true
        default: false
        }
    }

    /// Whole seconds, at most two: the caller has more to do than to wait, and a stop waits for it.
    private static func retryAfter(_ response: HTTPResponse) -> Duration? {
        guard let seconds = response.field("retry-after").flatMap({ Int($0) }), seconds > 0 else { return nil }
        return .seconds(min(seconds, 2))
    }

    /// Waits between half of a doubled time and all of it.
    private func wait(before attempt: Int, _ asked: Duration?) {
        let doubled = min(policy.waitMax, policy.waitFirst * (1 << min(attempt - 1, 16)))
        system.sleep(max(doubled / 2 + doubled / 2 * system.random(), asked ?? .zero))
    }
}

extension HTTPFailure {
    /// As the store tells it: without hosts for clients, with them for the log.
    func stored(while operation: String, place: String) -> StoreError {
        let (kind, detail): (StoreError.Kind, String) =
            switch self.kind {
            case .unreachable: (.unreachable, "the object store cannot be reached, or cut its answer short")
            case .timeout: (.unreachable, "the object store did not answer in time")
            case .notTrusted: (.io, "the object store's certificate is not trusted")
            case .tooLarge: (.limit, "the object store's answer is larger than is allowed")
            case .refusedAddress: (.permission, "the object store's name leads to an address that may not be asked")
            case .stopped: (.io, "the server is stopping")
            case .local: (.io, "the request could not be made")
            }
        return StoreError(kind, while: operation, detail: detail, path: "\(place): \(text)")
    }
}
