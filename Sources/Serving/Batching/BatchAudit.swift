/// Whether joining a model's requests pays: what batches took beside what their requests would have taken one after the
/// other.
///
/// Where it saves less than a fiftieth of the time, the requests are run by themselves: a joined one waits for the
/// others' rows and gains nothing. Now and then the other way is tried, so that both sides of the comparison stay
/// fresh.
struct BatchAudit: Sendable {
    /// What one batch has saved or cost, in nanoseconds.
    struct Balance: Sendable, Hashable {
        /// Compute time saved, or lost where it is negative.
        var saved: Double = 0
        /// By how much its requests were answered later than one after the other, all together.
        var addedWait: Double = 0

        static func += (left: inout Balance, right: Balance) {
            left.saved += right.saved
            left.addedWait += right.addedWait
        }
    }

    private static let memory = 0.9
    /// Batches of several requests before there is a verdict.
    private static let batchesMin = 16
    private static let savingMin = 0.02
    /// While batching is on, one batch in so many that could be joined runs a request alone.
    private static let soloInterval = 64
    /// While it is off, one in so many is joined.
    private static let trialInterval = 32

    private(set) var isBatching = true
    private var batches = 0
    private var chances = 0
    private var alone = 0.0
    private var together = 0.0

    /// Whether the next batch may be of several requests; to be asked where several wait.
    mutating func joins() -> Bool {
        chances += 1
        return isBatching ? chances % Self.soloInterval != 0 : chances % Self.trialInterval == 0
    }

    /// A run has ended.
    /// - Parameters:
    ///   - run: what it took; its requests are taken to be of as many rows each.
    ///   - cost: what runs take.
    mutating func observe(_ run: ComputeScheduler.Run, _ cost: CostFit) -> Balance {
        guard run.requests > 1 else { return Balance() }
        let requests = Double(run.requests)
        let nanoseconds = Double(run.work)
        let sequential = cost.nanosecondsPerRow * Double(run.rows) + cost.nanosecondsPerRun * requests
        var balance = Balance()
        for place in 1...run.requests {
            balance.addedWait += max(0, nanoseconds - sequential * Double(place) / requests)
        }
        balance.saved = sequential - nanoseconds
        batches += 1
        alone = alone * Self.memory + sequential
        together = together * Self.memory + nanoseconds
        if batches >= Self.batchesMin { isBatching = alone - together >= Self.savingMin * alone }
        return balance
    }
}
