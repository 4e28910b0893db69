package import InferenceAPI

/// Decides what the compute pool's workers run: which model, which of its requests, and which requests not at all.
///
/// No clock, no thread, no rows: it is told what has come, what has ended and what the time is, and says what to do.
///
/// - **Fair shares.** Each model has an account of the compute time it has had; the one that has had least goes next. A
///   model that comes back after a rest begins where the others are, so that it cannot save shares up.
/// - **Batches.** A free worker takes what waits at that moment, up to the model's bound (``BatchBound``), unless
///   joining does not pay for this model (``BatchAudit``).
/// - **Deadlines.** What cannot be answered in time is refused when it comes, and dropped when its turn comes too late.
/// - **Bounds.** Requests, rows and bytes of a model, and bytes of all.
package struct ComputeScheduler: Sendable {
    /// Requests that wait together: one, or several that have come at once and ask for nothing of their own.
    package struct Entry: Sendable, Hashable {
        package let id: UInt64
        package var requests: Int
        /// Of all of its requests.
        package var rows: Int
        package let bytes: Int
        /// On the same clock as every `now` here, in nanoseconds.
        package let arrival: UInt64
        package let terms: RequestTerms
        /// To be run by itself, such as a body that is still to be decoded; its rows are an estimate.
        package let isAlone: Bool

        package init(
            id: UInt64, requests: Int = 1, rows: Int, bytes: Int, arrival: UInt64, terms: RequestTerms = .standard,
            isAlone: Bool = false
        ) {
            self.id = id
            self.requests = requests
            self.rows = rows
            self.bytes = bytes
            self.arrival = arrival
            self.terms = terms
            self.isAlone = isAlone
        }
    }

    /// Why a request is not taken.
    package enum Refusal: Sendable, Hashable {
        /// A bound is reached.
        case full(retryAfterSeconds: Int)
        /// What waits before it takes longer than it has time.
        case tooLate(retryAfterSeconds: Int)
    }

    /// What a worker is to run.
    package struct Batch: Sendable, Hashable {
        package let entries: [Entry]
        package let rows: Int
        /// Whether its requests run as one; if not, each of its only entry runs by itself.
        package let joins: Bool
        fileprivate let model: ObjectIdentifier
        /// Nanoseconds that it is expected to take.
        fileprivate let charged: Double
        /// Nanoseconds for which its requests, all together, were held back for more to come.
        fileprivate let held: Double
        /// Whether it is of one request that may take longer than a batch is meant to.
        package let mayOverrun: Bool
    }

    /// A run of a predictor for a batch.
    package struct Run: Sendable, Hashable {
        package let requests: Int
        /// Those that were computed.
        package let rows: Int
        /// Nanoseconds for which a processor worked on it.
        package let work: UInt64
        /// Nanoseconds from its beginning to its end.
        package let elapsed: UInt64

        package init(requests: Int, rows: Int, work: UInt64, elapsed: UInt64) {
            self.requests = requests
            self.rows = rows
            self.work = work
            self.elapsed = elapsed
        }
    }

    package enum Decision: Sendable, Hashable {
        case run(Batch)
        /// Something waits, and nothing is to run before then unless more comes.
        case wait(until: UInt64)
        case idle
    }

    /// What is told of a batch that has ended.
    package struct Outcome: Sendable, Hashable {
        /// Nanoseconds of computing that joining has saved, or lost where it is negative.
        package let saved: Double
        /// Nanoseconds by which its requests were answered later than one after the other, at once.
        package let addedWait: Double
        /// Whether the model's requests are joined from now on.
        package let isBatching: Bool
    }

    private struct Lane: Sendable {
        var cost: ModelCost
        var queue = ComputeQueue()
        var bound: BatchBound
        var audit = BatchAudit()
        /// Nanoseconds that it has had, on the scale that all lanes share.
        var account: Double
        var runningBatches = 0
        /// Since when a free worker has passed it by, for more to come.
        var heldSince: UInt64?

        var isBusy: Bool { queue.count > 0 || runningBatches > 0 }
    }

    private let limits: ComputeLimits
    private let workers: Int
    // By number and changed in place: a lane's queue is never copied.
    private var lanes: [Lane] = []
    private var laneNumbers: [ObjectIdentifier: Int] = [:]
    private var places: [UInt64: ObjectIdentifier] = [:]
    /// The account of the lane that was chosen last: what a lane that comes back begins with.
    private var level = 0.0
    private var totalBytes = 0
    private var totalRequests = 0
    private var dropped: [UInt64] = []

    package init(limits: ComputeLimits, workers: Int) {
        self.limits = limits
        self.workers = max(1, workers)
    }

    /// Requests that wait, of all models.
    package var waitingCount: Int { totalRequests }
    package var waitingBytes: Int { totalBytes }

    /// Models of which something is kept, for tests.
    var laneCount: Int { lanes.count }

    // MARK: Coming and going

    /// Takes an entry, or says why not.
    /// - Parameters:
    ///   - entry: its id is given to no other one.
    ///   - cost: of the model that it asks; tells the models apart.
    ///   - now: the time.
    package mutating func add(_ entry: Entry, cost: ModelCost, now: UInt64) -> Refusal? {
        let key = ObjectIdentifier(cost)
        let number = laneNumbers[key] ?? makeLane(cost)
        let queue = (
            requests: lanes[number].queue.requests, rows: lanes[number].queue.rows, bytes: lanes[number].queue.bytes
        )
        // One entry alone is always taken: its own bounds are those of a body and of a tick.
        guard queue.requests + entry.requests <= limits.requestsMax,
            totalBytes == 0 || totalBytes + entry.bytes <= limits.totalBytesMax,
            queue.requests == 0
                || (queue.rows + entry.rows <= limits.rowsMax && queue.bytes + entry.bytes <= limits.bytesMax)
        else { return .full(retryAfterSeconds: retryAfterSeconds) }
        if entry.terms.deadline != .never {
            let end = Double(now) + waitAhead(of: entry, number) + cost.nanoseconds(rows: entry.rows)
            guard end <= Double(entry.terms.deadline.nanoseconds) else {
                return .tooLate(retryAfterSeconds: retryAfterSeconds)
            }
        }
        if !lanes[number].isBusy { lanes[number].account = max(lanes[number].account, level) }
        if queue.requests == 0 { lanes[number].heldSince = nil }
        lanes[number].queue.append(entry)
        places[entry.id] = key
        totalBytes += entry.bytes
        totalRequests += entry.requests
        return nil
    }

    /// Nobody waits for this entry any more.
    /// - Returns: whether it still waited; one that runs already is not stopped.
    package mutating func cancel(_ id: UInt64) -> Bool {
        guard let key = places[id], let number = laneNumbers[key], let entry = lanes[number].queue.remove(id) else {
            return false
        }
        forget(entry)
        return true
    }

    /// One request of an entry that has several has been withdrawn, with so many rows.
    package mutating func shrink(_ id: UInt64, rows: Int) {
        guard let key = places[id], let number = laneNumbers[key], lanes[number].queue.shrink(id, rows: rows) else {
            return
        }
        totalRequests -= 1
    }

    private mutating func forget(_ entry: Entry) {
        places[entry.id] = nil
        totalBytes -= entry.bytes
        totalRequests -= entry.requests
    }

    // MARK: Workers

    /// What a worker that is free now is to do.
    package mutating func next(now: UInt64) -> Decision {
        dropLate(now)
        var best: (number: Int, account: Double)?
        var readyAt = UInt64.max
        for number in lanes.indices where lanes[number].queue.count > 0 {
            let ready = readyTime(lanes[number])
            if ready > now {
                readyAt = min(readyAt, ready)
                if lanes[number].heldSince == nil { lanes[number].heldSince = now }
            } else if lanes[number].account < best?.account ?? .infinity {
                best = (number, lanes[number].account)
            }
        }
        guard let best else { return readyAt == .max ? .idle : .wait(until: readyAt) }
        return .run(takeBatch(best.number, now))
    }

    /// A batch has ended.
    /// - Parameters:
    ///   - batch: what `next` gave.
    ///   - runs: of the predictor, in order.
    package mutating func finished(_ batch: Batch, _ runs: [Run]) -> Outcome {
        guard let number = laneNumbers[batch.model] else {
            preconditionFailure("a lane stays while a batch of it runs")
        }
        lanes[number].runningBatches -= 1
        lanes[number].account -= batch.charged
        let isEstimate = batch.entries.contains(where: \.isAlone)
        var balance = BatchAudit.Balance()
        for run in runs {
            lanes[number].account += Double(run.work)
            // Against what runs of the past tell, this one not among them.
            balance += lanes[number].audit.observe(run, lanes[number].cost.current)
            guard run.rows > 0, !isEstimate else { continue }
            lanes[number].cost.observe(rows: run.rows, nanoseconds: run.work)
            lanes[number].bound.observe(rows: run.rows, nanoseconds: Double(run.elapsed))
        }
        return Outcome(
            saved: balance.saved, addedWait: balance.addedWait + batch.held, isBatching: isBatching(lanes[number]))
    }

    /// Entries whose time was over before their turn came, since the last call.
    package mutating func takeDropped() -> [UInt64] {
        guard !dropped.isEmpty else { return [] }
        var taken: [UInt64] = []
        swap(&taken, &dropped)
        return taken
    }

    private func isBatching(_ lane: Lane) -> Bool { limits.joinsRequests && lane.audit.isBatching }

    /// When a lane's next batch may begin.
    private func readyTime(_ lane: Lane) -> UInt64 {
        guard limits.batchWait > 0, isBatching(lane), lane.queue.rows < lane.bound.rows,
            let oldest = lane.queue.oldestArrival
        else { return 0 }
        let (ready, overflow) = oldest.addingReportingOverflow(limits.batchWait)
        guard !overflow else { return 0 }
        return min(ready, lane.queue.waitEnd(cost: lane.cost.nanoseconds(rows: lane.queue.rows)))
    }

    /// Until when a lane that runs now was held back: what it waited for beyond that were the workers.
    private func endOfHold(_ lane: Lane, _ now: UInt64) -> UInt64 {
        guard lane.heldSince != nil, let oldest = lane.queue.oldestArrival else { return now }
        let (end, overflow) = oldest.addingReportingOverflow(limits.batchWait)
        return overflow ? now : min(now, end)
    }

    private mutating func takeBatch(_ number: Int, _ now: UInt64) -> Batch {
        let heldUntil = endOfHold(lanes[number], now)
        level = max(level, lanes[number].account)
        let joins = lanes[number].queue.requests > 1 && limits.joinsRequests && lanes[number].audit.joins()
        let rowsMax = lanes[number].bound.rows
        var entries: [Entry] = []
        var rows = 0
        while let first = lanes[number].queue.first(step: limits.priorityStep) {
            guard entries.isEmpty || (joins && !first.isAlone && rows + first.rows <= rowsMax) else { break }
            lanes[number].queue.removeFirst(step: limits.priorityStep)
            forget(first)
            if isLate(first, number, now) {
                dropped.append(first.id)
                continue
            }
            entries.append(first)
            rows += first.rows
            if first.isAlone { break }
        }
        var held = 0.0
        if let since = lanes[number].heldSince {
            for entry in entries {
                let begin = max(since, entry.arrival)
                if begin < heldUntil { held += Double(heldUntil - begin) * Double(entry.requests) }
            }
            lanes[number].heldSince = nil
        }
        let charged = lanes[number].cost.nanoseconds(rows: rows)
        lanes[number].account += charged
        lanes[number].runningBatches += 1
        return Batch(
            entries: entries, rows: rows, joins: joins, model: ObjectIdentifier(lanes[number].cost), charged: charged,
            held: held, mayOverrun: entries.count == 1 && (entries[0].isAlone || charged > limits.batchTarget))
    }

    /// Drops what stands at the head of a queue and cannot be answered in time any more.
    private mutating func dropLate(_ now: UInt64) {
        for number in lanes.indices {
            while let first = lanes[number].queue.first(step: limits.priorityStep), isLate(first, number, now) {
                lanes[number].queue.removeFirst(step: limits.priorityStep)
                forget(first)
                dropped.append(first.id)
            }
        }
    }

    private func isLate(_ entry: Entry, _ number: Int, _ now: UInt64) -> Bool {
        guard entry.terms.deadline != .never else { return false }
        let end = Double(now) + lanes[number].cost.nanoseconds(rows: entry.rows)
        return end > Double(entry.terms.deadline.nanoseconds)
    }

    // MARK: Estimates

    /// Nanoseconds until what waits before it for the same model has run, with the model's share of the workers.
    private func waitAhead(of entry: Entry, _ number: Int) -> Double {
        let ahead = lanes[number].queue.rows(before: entry, step: limits.priorityStep)
        guard ahead > 0 else { return 0 }
        let busy = lanes.count { $0.isBusy }
        return lanes[number].cost.nanoseconds(rows: ahead) * Double(busy) / Double(workers)
    }

    /// Seconds until what waits has run, rounded up: when it is worth to try again.
    private var retryAfterSeconds: Int {
        let backlog = lanes.reduce(0) { $0 + $1.cost.nanoseconds(rows: $1.queue.rows) }
        return Int(min(60, max(1, (backlog / Double(workers) / 1e9).rounded(.up))))
    }

    // MARK: Lanes

    /// A lane for a model that has none, in place of those that nobody asks any more.
    /// - Returns: its number.
    private mutating func makeLane(_ cost: ModelCost) -> Int {
        // A rest that only its lane knows the cost of: its model is gone.
        for number in lanes.indices.reversed()
        where !lanes[number].isBusy && isKnownUniquelyReferenced(&lanes[number].cost) {
            lanes.remove(at: number)
        }
        lanes.append(Lane(cost: cost, bound: BatchBound(cost.current, limits), account: level))
        laneNumbers.removeAll(keepingCapacity: true)
        for (number, lane) in lanes.enumerated() { laneNumbers[ObjectIdentifier(lane.cost)] = number }
        return lanes.count - 1
    }
}
